"""Keeping a job's lease while the robot works on it."""

import asyncio
from collections.abc import Callable

import structlog

from robot.backoff import Backoff
from robot.cancellation import StopReason
from robot.client import OrchestratorClient
from robot.protocol import ClaimedJob, ServerError, TryAgain

_LOG = structlog.get_logger()


class LeaseKeeper:
    """Extends the lease until it is cancelled, lost, or the keeper is ended.

    The lease is certainly over one full visibility timeout after the last answer that granted it: the server's clock
    started before that answer arrived. From then on another robot may hold the job, so work on it has to stop.
    """

    def __init__(
        self,
        job: ClaimedJob,
        client: OrchestratorClient,
        *,
        stop: Callable[[StopReason], None],
        visibility_timeout_seconds: int,
        interval_seconds: float,
        backoff: Backoff,
        monotonic: Callable[[], float],
    ) -> None:
        self._job = job
        self._client = client
        self._stop = stop
        self._visibility = visibility_timeout_seconds
        self._interval = interval_seconds
        self._backoff = backoff
        self._monotonic = monotonic
        self._over_at = monotonic() + visibility_timeout_seconds

    async def run(self) -> None:
        """Returns once the job has to stop, after telling `stop` why; without a keeper it has to stop as well."""
        reason = StopReason.LEASE_LOST
        try:
            reason = await self._until_over()
        finally:
            self._stop(reason)

    async def _until_over(self) -> StopReason:
        pause = 0.0 if self._job.lease_is_unknown else self._interval
        while True:
            await asyncio.sleep(pause)
            pause = self._interval
            if (reason := await self._extend()) is not None:
                return reason

    async def _extend(self) -> StopReason | None:
        try:
            async with asyncio.timeout(max(0.0, self._over_at - self._monotonic())):
                cancelled = await self._extend_until_answered()
        except TimeoutError:
            _LOG.warning("lease_ran_out", attempt=self._job.attempt)
            return StopReason.LEASE_LOST
        except ServerError as error:
            _LOG.warning("lease_lost", attempt=self._job.attempt, error=str(error))
            return StopReason.LEASE_LOST
        self._over_at = self._monotonic() + self._visibility
        return StopReason.CANCELLED if cancelled else None

    async def _extend_until_answered(self) -> bool:
        self._backoff.reset()
        while True:
            try:
                return await self._client.extend_lease(self._job, self._visibility)
            except TryAgain as error:
                _LOG.info("lease_extension_delayed", error=str(error))
                await asyncio.sleep(self._backoff.next_seconds(error.retry_after))
