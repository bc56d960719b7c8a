"""Getting jobs by asking for them: HTTP long polls."""

import asyncio
from collections.abc import Callable

import structlog

from robot.backoff import Backoff
from robot.client import OrchestratorClient
from robot.delivery import Report, deliver
from robot.orders import Orders
from robot.protocol import AccessRefused, ClaimedJob, ServerError, Unknown
from robot.registration import Registrar
from robot.running_jobs import RunningJobs
from robot.settings import RobotSettings

_LOG = structlog.get_logger()

MAX_CLAIM = 10


class Claimer:
    """Asks for as many jobs as there are slots, again and again."""

    def __init__(
        self,
        settings: RobotSettings,
        client: OrchestratorClient,
        *,
        jobs: RunningJobs,
        registrar: Registrar,
        orders: Orders,
        make_backoff: Callable[[], Backoff],
        monotonic: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._client = client
        self._jobs = jobs
        self._registrar = registrar
        self._orders = orders
        self._make_backoff = make_backoff
        self._monotonic = monotonic
        # Until when claims whose answers never came may still turn out to have brought jobs.
        self._unseen_until: float | None = None

    async def run(self, *, until: float | None = None) -> None:
        """Returns when the robot is to leave, or at `until`; a request under way is not cut off by either.

        Raises AccessRefused.
        """
        backoff = self._make_backoff()
        while until is None or self._monotonic() < until:
            await self._jobs.wait_for_slot()
            if not await self._orders.wants_jobs():
                return
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
                self.expect_unseen()
                await asyncio.sleep(backoff.next_seconds(getattr(error, "retry_after", None)))
            else:
                backoff.reset()
                if not claimed:
                    await self._pause(since=started)

    def expect_unseen(self) -> None:
        """A claim without an answer may have brought a job that nobody works on, while heartbeats keep its lease."""
        self._unseen_until = self._monotonic() + self._settings.wait_seconds + self._settings.request_timeout_seconds

    async def _claim(self) -> list[object]:
        return await self._client.claim(
            self._settings.id,
            environment=self._settings.environment,
            limit=min(self._jobs.free_slots, MAX_CLAIM),
            visibility_timeout_seconds=self._settings.visibility_timeout_seconds,
            wait_seconds=self._settings.wait_seconds,
        )

    async def _give_back_unseen(self) -> None:
        if self._unseen_until is None:
            return
        is_last_look = self._monotonic() >= self._unseen_until
        await self._registrar.register_again(self._registrar.generation)
        for job_id in self._registrar.held:
            if not self._jobs.runs(job_id):
                _LOG.warning("unseen_job_released", job_id=job_id)
                await deliver(Report("release", {}), self._client, ClaimedJob(job_id, ""), self._make_backoff())
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
