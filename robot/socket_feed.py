"""Getting jobs pushed: the socket brings assignments, cancellations and commands.

What the robot has to tell of a job (progress, log, end, lease) goes by HTTP with the lease token, whether the socket
stands or not: each of those calls is answered, and may be repeated, so a dropped connection can neither lose nor double
a report. An accepted job begins when the server has confirmed that, so that no two robots begin one.
"""

import asyncio
import contextlib
import math
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, Final

import structlog

from robot.cancellation import StopReason
from robot.orders import Orders
from robot.protocol import ClaimedJob, HeartbeatAnswer, Registration, ServerError, TryAgain
from robot.running_jobs import RunningJobs
from robot.socket_connection import SocketConnection

_LOG = structlog.get_logger()

CONFIRM_SECONDS: Final = 10.0
"""What the server gives a robot to accept a job (contract beyond); one that confirms nothing has taken it by then."""
SLOT_SECONDS: Final = 5.0
"""How long an assignment waits for a slot. The server gives the next job as soon as it has stored a job's end, perhaps
before the robot has heard so: to reject that one would send it away for nothing."""


class SocketFeed:
    """Works off the frames of one connection after another."""

    def __init__(
        self,
        registration: Registration,
        *,
        jobs: RunningJobs,
        orders: Orders,
        lease_seconds: int,
        answer_seconds: float,
    ) -> None:
        self._registration = registration
        self._jobs = jobs
        self._orders = orders
        self._lease_seconds = lease_seconds
        self._answer_seconds = answer_seconds
        self._connection: SocketConnection | None = None
        self._accepted: dict[str, ClaimedJob] = {}
        self._timers: set[asyncio.Task[None]] = set()
        self.heartbeat_seconds = math.inf
        """How often the server wants heartbeats at least."""
        self.connected = asyncio.Event()
        """Set by each new connection: the first heartbeat on it is due."""
        self.connections = 0
        """How many connections have stood so far."""

    @property
    def has_unconfirmed(self) -> bool:
        """Returns whether the server may hold jobs for the robot that it has accepted, but not begun."""
        return bool(self._accepted)

    def forget_unconfirmed(self) -> None:
        """Does not wait for confirmations any more."""
        self._accepted.clear()

    async def run(self, connection: SocketConnection) -> None:
        """Works until the robot is to leave. Raises a ServerError when the connection ends before."""
        leaving = asyncio.create_task(self._orders.drained.wait())
        serving = asyncio.create_task(self._serve(connection))
        try:
            await asyncio.wait({leaving, serving}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                await serving
        finally:
            self._connection = None
            for task in (leaving, serving, *self._timers):
                task.cancel()
            await asyncio.gather(leaving, serving, *self._timers, return_exceptions=True)
            with contextlib.suppress(ServerError, TimeoutError):
                async with asyncio.timeout(self._answer_seconds):
                    await connection.send("disconnect", reason="the robot leaves")
            await connection.close()

    async def beat(self, reading: Mapping[str, Any]) -> bool:
        """Sends a heartbeat; returns whether there was a connection for it."""
        connection = self._connection
        if connection is None:
            return False
        status = "busy" if len(self._jobs) else "idle"
        try:
            await connection.send("heartbeat", status=status, **reading)
        except ServerError:
            return False
        return True

    async def _serve(self, connection: SocketConnection) -> None:
        acknowledged = await self._register(connection)
        _LOG.info("socket_connected", robot_id=self._registration.robot_id)
        self._connection = connection
        self.connections += 1
        self.connected.set()
        self._resume(acknowledged.get("active_jobs"))
        while True:
            await self._handle(connection, await connection.receive())

    async def _register(self, connection: SocketConnection) -> dict[str, Any]:
        about = self._registration.body()
        await connection.send("register", robot_name=about["name"], **about)
        try:
            async with asyncio.timeout(self._answer_seconds):
                while (frame := await connection.receive()).get("type") != "register_ack":
                    if frame.get("type") == "error":
                        _LOG.warning("socket_registration_refused", code=frame.get("code"), error=frame.get("message"))
        except TimeoutError as error:
            raise TryAgain("the socket does not answer the registration") from error
        if frame.get("success") is not True:
            raise TryAgain("the server did not register the robot")
        config = frame.get("config")
        interval = config.get("heartbeat_interval") if isinstance(config, dict) else None
        usable = isinstance(interval, int | float) and interval > 0
        self.heartbeat_seconds = float(interval) if usable and interval is not None else math.inf
        return frame

    def _resume(self, active: object) -> None:
        """Begins what was accepted before the connection was lost, where the server has it so; the rest comes again."""
        held = (
            [(each.get("job_id"), each.get("lease_token")) for each in active if isinstance(each, dict)]
            if (isinstance(active, list))
            else []
        )
        waiting, self._accepted = self._accepted, {}
        for job in waiting.values():
            if (job.job_id, job.lease_token) in held:
                self._jobs.start(job)

    async def _handle(self, connection: SocketConnection, frame: dict[str, Any]) -> None:
        kind, job_id = frame.get("type"), frame.get("job_id")
        if kind == "job_assign":
            await self._assigned(connection, frame)
        elif kind == "job_ack" and frame.get("report") == "job_accept":
            self._begin(job_id, is_confirmed=True)
        elif kind == "job_cancel" and isinstance(job_id, str):
            self._accepted.pop(job_id, None)
            self._jobs.stop(job_id, StopReason.CANCELLED)
        elif kind == "heartbeat_ack":
            self._told(HeartbeatAnswer.parse(frame))
        elif kind == "ping":
            await connection.send("pong")
        elif kind == "error":
            _LOG.warning("socket_error", code=frame.get("code"), error=str(frame.get("message"))[:300], job_id=job_id)
            if frame.get("report") == "job_accept" and isinstance(job_id, str):
                self._not_taken(connection, job_id, frame)

    def _not_taken(self, connection: SocketConnection, job_id: str, error: Mapping[str, Any]) -> None:
        """The acceptance was refused for good, or not even read, where the server has had too many messages."""
        seconds = error.get("retry_after_seconds")
        job = self._accepted.get(job_id)
        if job is not None and error.get("code") == "RATE_LIMITED" and isinstance(seconds, int | float):
            self._later(self._accept_again(connection, job, min(max(0.0, seconds), CONFIRM_SECONDS)))
        else:
            self._accepted.pop(job_id, None)

    async def _accept_again(self, connection: SocketConnection, job: ClaimedJob, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._accepted.get(job.job_id) is job:
            with contextlib.suppress(ServerError):  # whoever receives hears of it too
                await self._accept(connection, job)

    async def _accept(self, connection: SocketConnection, job: ClaimedJob) -> None:
        await connection.send("job_accept", job_id=job.job_id, lease_seconds=self._lease_seconds, **job.guard())

    def _told(self, answer: HeartbeatAnswer) -> None:
        for job_id in answer.cancelled_jobs:
            self._jobs.stop(job_id, StopReason.CANCELLED)
        self._orders.obey(answer.commands)

    async def _assigned(self, connection: SocketConnection, frame: dict[str, Any]) -> None:
        job = ClaimedJob.parse(frame, lease_is_unknown=True)
        if job is None:
            _LOG.error("assignment_not_understood")
            return
        if self._is_known(job) or not self._orders.takes_jobs or self._has_slot:
            await self._answer(connection, job)
        else:
            self._later(self._answer_with_a_slot(connection, job))

    async def _answer_with_a_slot(self, connection: SocketConnection, job: ClaimedJob) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SLOT_SECONDS):
                await self._jobs.wait_for_slot()
        with contextlib.suppress(ServerError):  # whoever receives hears of it too
            await self._answer(connection, job)

    async def _answer(self, connection: SocketConnection, job: ClaimedJob) -> None:
        refusal = None if self._is_known(job) else self._refusal()
        if refusal is not None:
            await connection.send("job_reject", job_id=job.job_id, reason=refusal, **job.guard())
            return
        if not self._jobs.runs(job.job_id, job.lease_token):
            self._accepted[job.job_id] = job
            self._later(self._begin_unconfirmed(job))
        await self._accept(connection, job)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        timer = asyncio.create_task(work)
        self._timers.add(timer)
        timer.add_done_callback(self._timers.discard)

    def _is_known(self, job: ClaimedJob) -> bool:
        return self._jobs.runs(job.job_id, job.lease_token) or self._is_accepted(job)

    @property
    def _has_slot(self) -> bool:
        return len(self._accepted) < self._jobs.free_slots

    def _is_accepted(self, job: ClaimedJob) -> bool:
        waiting = self._accepted.get(job.job_id)
        return waiting is not None and waiting.lease_token == job.lease_token

    def _refusal(self) -> str | None:
        if not self._orders.takes_jobs:
            return "the robot takes no new jobs"
        if not self._has_slot:
            return "the robot has no free slot"
        return None

    async def _begin_unconfirmed(self, job: ClaimedJob) -> None:
        await asyncio.sleep(CONFIRM_SECONDS)
        if self._accepted.get(job.job_id) is job:
            self._begin(job.job_id, is_confirmed=False)

    def _begin(self, job_id: object, *, is_confirmed: bool) -> None:
        job = self._accepted.pop(job_id, None) if isinstance(job_id, str) else None
        if job is not None:
            self._jobs.start(replace(job, lease_is_unknown=not is_confirmed))
