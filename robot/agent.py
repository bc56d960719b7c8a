"""The life of a robot: register, send heartbeats, claim jobs, leave in good order."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from robot.cancellation import StopReason
from robot.claiming import Claimer
from robot.client import OrchestratorClient
from robot.executor import Executor
from robot.job_run import JobRun, JobTools
from robot.journal import Journal
from robot.machine import Machine
from robot.orders import Orders
from robot.protocol import AccessRefused, ServerError, TryAgain, Unknown
from robot.registration import Registrar
from robot.running_jobs import RunningJobs
from robot.settings import RobotSettings
from robot.settlement import Settlement
from robot.socket_connection import SocketConnection
from robot.socket_feed import SocketFeed
from robot.supply import Supply

_LOG = structlog.get_logger()


class Agent:
    """Works for one server until told to stop."""

    def __init__(
        self,
        settings: RobotSettings,
        client: OrchestratorClient,
        executor: Executor,
        *,
        rng: random.Random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._client = client
        self._monotonic = monotonic
        self._journal = Journal(settings.journal_dir)
        self._tools = JobTools(client, executor, settings, rng, self._journal, monotonic)
        self._registrar = Registrar(settings, client, self._tools.backoff())
        self._jobs = RunningJobs(settings.max_concurrent_jobs, lambda job: JobRun(job, self._tools))
        self._machine = Machine(settings.workdir)
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._orders = Orders()
        self._feed = SocketFeed(
            self._registrar.registration,
            jobs=self._jobs,
            orders=self._orders,
            lease_seconds=settings.visibility_timeout_seconds,
            answer_seconds=settings.request_timeout_seconds,
        )
        self._supply = Supply(
            settings.connection,
            self._open_socket,
            feed=self._feed,
            claimer=self._claimer(),
            orders=self._orders,
            backoff=self._tools.backoff(),
            monotonic=monotonic,
        )

    def _claimer(self) -> Claimer:
        return Claimer(
            self._settings,
            self._client,
            jobs=self._jobs,
            registrar=self._registrar,
            orders=self._orders,
            make_backoff=self._tools.backoff,
            monotonic=self._monotonic,
        )

    def stop(self) -> None:
        """Asks the robot to leave when its jobs are done or the grace period is over; asked again, at once."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    async def run(self) -> None:
        """Returns after a clean stop.

        Raises AccessRefused, Replaced or CallRejected when the server will not have this robot, JournalUnusable.
        """
        self._journal.open()
        try:
            failure = await self._until_stopped(self._registrar.register())
            if failure is None and not self._stopping.is_set():
                failure = await self._work()
        finally:
            self._journal.close()
        if failure is not None:
            raise failure

    async def _work(self) -> BaseException | None:
        heartbeats = asyncio.create_task(self._send_heartbeats())
        try:
            failure = await self._until_stopped(self._settle_and_supply(), heartbeats)
            _LOG.info("robot_leaving", active_jobs=len(self._jobs))
            # With a refused key nothing can be reported any more, so there is nothing to wait for.
            await self._jobs.drain(0 if failure else self._grace_seconds, self._hurry)
            return failure
        finally:
            heartbeats.cancel()
            await asyncio.gather(heartbeats, return_exceptions=True)
            await self._jobs.abandon()

    async def _until_stopped(
        self, work: Coroutine[Any, Any, None], beside: asyncio.Task[None] | None = None
    ) -> BaseException | None:
        # A long poll is cut off rather than waited for: a job claimed at that very moment comes back with its lease.
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._wait_for_stop())
        watched = {working, stopping} | ({beside} if beside else set())
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            failed = [task.exception() for task in watched if task.done()]
            return next((error for error in failed if error is not None), None)
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def _wait_for_stop(self) -> None:
        await self._stopping.wait()

    @property
    def _grace_seconds(self) -> float | None:
        """A robot that is drained lets its jobs finish, however long they take."""
        return None if self._orders.draining else self._settings.grace_seconds

    async def _settle_and_supply(self) -> None:
        settlement = Settlement(self._journal, self._client, self._tools.backoff)
        await settlement.settle(self._registrar.held)
        await self._supply.run()

    async def _open_socket(self) -> SocketConnection:
        settings = self._settings
        return await SocketConnection.open(
            settings.url, settings.id, settings.key(), timeout_seconds=settings.request_timeout_seconds
        )

    async def _send_heartbeats(self) -> None:
        while True:
            generation = self._registrar.generation
            try:
                await self._send_heartbeat()
            except AccessRefused:
                raise
            except Unknown:
                await self._registrar.register_again(generation)
            except TryAgain as error:
                _LOG.info("heartbeat_not_sent", error=str(error))
            except ServerError as error:
                _LOG.warning("heartbeat_refused", error=str(error))
            await self._until_next_heartbeat()

    async def _until_next_heartbeat(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(self._settings.heartbeat_interval_seconds, self._feed.heartbeat_seconds)):
                await self._feed.connected.wait()
        self._feed.connected.clear()

    async def _send_heartbeat(self) -> None:
        reading = await asyncio.to_thread(self._machine.reading)
        reading["active_jobs"] = len(self._jobs)
        if await self._feed.beat(reading):
            return
        answer = await self._client.heartbeat(self._settings.id, reading)
        for job_id in answer.cancelled_jobs:
            self._jobs.stop(job_id, StopReason.CANCELLED)
        self._orders.obey(answer.commands)
