"""The life of a robot: register, send heartbeats, claim jobs, leave in good order."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from robot.cancellation import StopReason
from robot.client import OrchestratorClient
from robot.delivery import Report, deliver
from robot.executor import Executor
from robot.job_run import JobRun, JobTools
from robot.journal import Journal
from robot.machine import Machine
from robot.orders import Orders
from robot.protocol import AccessRefused, ClaimedJob, ServerError, TryAgain, Unknown
from robot.registration import Registrar
from robot.running_jobs import RunningJobs
from robot.settings import RobotSettings
from robot.settlement import Settlement

_LOG = structlog.get_logger()

MAX_CLAIM = 10


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
        # Until when claims whose answers never came may still turn out to have brought jobs.
        self._unseen_until: float | None = None

    def stop(self) -> None:
        """Asks the robot to leave when its jobs are done or the grace period is over; asked again, at once."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    async def run(self) -> None:
        """Returns after a clean stop.

        Raises AccessRefused or CallRejected when the server will not have this robot, JournalUnusable.
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
            failure = await self._until_stopped(self._settle_and_claim(), heartbeats)
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

    async def _settle_and_claim(self) -> None:
        settlement = Settlement(self._journal, self._client, self._tools.backoff)
        await settlement.settle(self._registrar.held)
        await self._claim_jobs()

    async def _claim_jobs(self) -> None:
        backoff = self._tools.backoff()
        while not self._orders.draining:
            await self._jobs.wait_for_slot()
            await self._orders.until_wanted()
            if self._orders.draining:
                break
            generation, started = self._registrar.generation, self._monotonic()
            try:
                await self._give_back_unseen()
                claimed = self._start(await self._claim())
            except AccessRefused:
                raise
            except Unknown:
                await self._registrar.register_again(generation)
                await asyncio.sleep(backoff.next_seconds())
            except ServerError as error:
                _LOG.warning("claim_failed", error=str(error))
                self._expect_unseen()
                await asyncio.sleep(backoff.next_seconds(getattr(error, "retry_after", None)))
            else:
                backoff.reset()
                if not claimed:
                    await self._pause(since=started)

    async def _claim(self) -> list[object]:
        return await self._client.claim(
            self._settings.id,
            environment=self._settings.environment,
            limit=min(self._jobs.free_slots, MAX_CLAIM),
            visibility_timeout_seconds=self._settings.visibility_timeout_seconds,
            wait_seconds=self._settings.wait_seconds,
        )

    def _expect_unseen(self) -> None:
        """A claim without an answer may have brought a job that nobody works on, while heartbeats keep its lease."""
        self._unseen_until = self._monotonic() + self._settings.wait_seconds + self._settings.request_timeout_seconds

    async def _give_back_unseen(self) -> None:
        if self._unseen_until is None:
            return
        is_last_look = self._monotonic() >= self._unseen_until
        await self._registrar.register_again(self._registrar.generation)
        for job_id in self._registrar.held:
            if not self._jobs.runs(job_id):
                _LOG.warning("unseen_job_released", job_id=job_id)
                await deliver(Report("release", {}), self._client, ClaimedJob(job_id, ""), self._tools.backoff())
        if is_last_look:
            self._unseen_until = None

    def _start(self, answers: list[object]) -> int:
        started = 0
        for answer in answers:
            job = ClaimedJob.parse(answer)
            if job is None:
                _LOG.error("claim_not_understood")
                continue
            self._jobs.start(job)
            started += 1
        return started

    async def _pause(self, *, since: float) -> None:
        # A server that does not hold the poll open would otherwise be asked without end.
        await asyncio.sleep(max(0.0, since + self._settings.claim_interval_seconds - self._monotonic()))

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
            await asyncio.sleep(self._settings.heartbeat_interval_seconds)

    async def _send_heartbeat(self) -> None:
        reading = await asyncio.to_thread(self._machine.reading)
        answer = await self._client.heartbeat(self._settings.id, {**reading, "active_jobs": len(self._jobs)})
        for job_id in answer.cancelled_jobs:
            self._jobs.stop(job_id, StopReason.CANCELLED)
        self._orders.obey(answer.commands)
