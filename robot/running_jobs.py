"""The jobs a robot is working on."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from robot.cancellation import StopReason
from robot.job_run import JobRun
from robot.protocol import ClaimedJob

_LOG = structlog.get_logger()

# What stopped jobs get to end their node and tell the server, before the robot leaves regardless.
RELEASE_SECONDS = 10.0


class RunningJobs:
    """Starts, counts and stops jobs, never more than `capacity` at once."""

    def __init__(self, capacity: int, make_run: Callable[[ClaimedJob], JobRun]) -> None:
        self._capacity = capacity
        self._make_run = make_run
        self._runs: dict[asyncio.Task[None], JobRun] = {}
        self._ended = asyncio.Event()

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def free_slots(self) -> int:
        """Returns how many more jobs may be claimed."""
        return max(0, self._capacity - len(self._runs))

    async def wait_for_slot(self) -> None:
        """Returns when there is a free slot."""
        while not self.free_slots:
            self._ended.clear()
            await self._ended.wait()

    def runs(self, job_id: str, lease_token: str | None = None) -> bool:
        """Returns whether the job runs here; with a token, whether this attempt at it does."""
        return any(
            run.job.job_id == job_id and lease_token in (None, run.job.lease_token) for run in self._runs.values()
        )

    def start(self, job: ClaimedJob) -> None:
        """Begins the job, unless this attempt at it runs here already.

        An earlier attempt at it still running here lost its lease: it ends first.
        """
        if job.lease_token is not None and self.runs(job.job_id, job.lease_token):
            _LOG.info("job_given_twice", job_id=job.job_id, attempt=job.attempt)
            return
        earlier = [task for task, run in self._runs.items() if run.job.job_id == job.job_id]
        self.stop(job.job_id, StopReason.LEASE_LOST)
        run = self._make_run(job)
        task = asyncio.create_task(_run_after(earlier, run), name=f"job {job.job_id}")
        self._runs[task] = run
        task.add_done_callback(self._end)

    def stop(self, job_id: str, reason: StopReason) -> None:
        """Stops the job if it runs here."""
        for run in self._runs.values():
            if run.job.job_id == job_id:
                run.stop(reason)

    async def drain(self, grace_seconds: float | None, hurry: asyncio.Event) -> None:
        """Lets jobs finish for `grace_seconds` (None: without end), or until told to hurry; releases the rest."""
        await self._wait(grace_seconds, hurry)
        for run in self._runs.values():
            run.stop(StopReason.SHUTDOWN)
        await self._wait(RELEASE_SECONDS)
        await self.abandon()

    async def abandon(self) -> None:
        """Ends what is left without a word to the server, which gets the jobs back when their leases end."""
        abandoned = list(self._runs)
        for task, run in self._runs.items():
            _LOG.warning("job_abandoned", job=task.get_name())
            run.abandon()
            task.cancel()
        await asyncio.gather(*abandoned, return_exceptions=True)

    async def _wait(self, seconds: float | None, hurry: asyncio.Event | None = None) -> None:
        if not self._runs or (seconds is not None and seconds <= 0):
            return
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(asyncio.wait(list(self._runs)))]
        if hurry is not None:
            waits.append(asyncio.ensure_future(hurry.wait()))
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._runs[task]
        self._ended.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("job_crashed", job=task.get_name(), exc_info=error)


async def _run_after(earlier: list[asyncio.Task[None]], run: JobRun) -> None:
    if earlier:
        await asyncio.wait(earlier)
    await run.run()
