"""The stream of a tenant's jobs."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.frames import Encoded, JobsSnapshot, JobState, Resumed, encoded
from services.metrics.domain.job_updates import JOB_EVENTS, progress_of, state_of, update_of_entry
from services.metrics.ports import JobHistory, RunningJobs
from services.metrics.use_cases.live.channel import Audience, Position, every, in_pieces
from services.metrics.use_cases.live.feeds import Following, LiveFeeds
from services.metrics.use_cases.live.replay import Replay
from services.metrics.use_cases.live.shared_read import SharedRead
from services.metrics.use_cases.live.subscriber import Subscriber
from shared.jobs import Job, JobStatus
from shared.jobs.history import JobQuery
from shared.kernel.clock import Clock, iso_utc

PROGRESS_EVERY_SECONDS: Final = 1.0
MOST_JOBS: Final = 200
"""In a snapshot."""
_ACTIVE: Final = (JobStatus.RUNNING, JobStatus.CLAIMED, JobStatus.PENDING)


class JobChannel:
    """A frame per event of a job, and one per second for each running job that told progress."""

    def __init__(self, tenant_id: str, position: Position, running: RunningJobs, clock: Clock) -> None:
        self.audience = Audience()
        self._tenant_id = tenant_id
        self._position = position
        self._running = running
        self._clock = clock
        self._progress: dict[str, tuple[object, ...]] | None = None
        """What was told last of each running job; None before the first look."""
        self._changed: set[str] = set()
        """The jobs that changed while the running ones were being read and told."""

    def heard(self, entries: Sequence[ActivityEntry]) -> None:
        for entry in entries:
            if entry.event_type in JOB_EVENTS:
                update = update_of_entry(entry)
                self._changed.add(update.job_id)
                self.audience.tell(update)

    async def run(self) -> None:
        await every(PROGRESS_EVERY_SECONDS, self._tell_progress)

    async def _tell_progress(self) -> None:
        if not self.audience:
            return
        self._changed.clear()
        jobs = await self._running.of_tenant(self._tenant_id)
        known, self._progress = self._progress, {job.job_id: _progress(job) for job in jobs}
        if known is None:
            return
        async for some in in_pieces([job for job in jobs if known.get(job.job_id) != _progress(job)]):
            for job in some:
                if job.job_id not in self._changed:  # else it was told already, and newer
                    self.audience.tell(progress_of(job, self._position(), self._clock.now_ms()))


def _progress(job: Job) -> tuple[object, ...]:
    return job.attempt, job.progress, job.current_node, job.progress_message


class FollowJobs:
    """First the jobs that wait and run, then each change."""

    def __init__(
        self, feeds: LiveFeeds, replay: Replay, history: JobHistory, running: RunningJobs, clock: Clock
    ) -> None:
        self._feeds = feeds
        self._replay = replay
        self._history = history
        self._running = running
        self._clock = clock
        self._active = SharedRead(self._read_active)

    async def __call__(
        self, *, tenant_id: str, since: int | None, subscriber: Subscriber
    ) -> AsyncGenerator[Encoded, None]:
        """The frames. Raises `StreamEnded`, `Unavailable`."""
        async with self._feeds.following(tenant_id, "jobs", self._channel, subscriber) as following:
            if since is None:
                position = following.join()
                yield await self._snapshot(tenant_id, position)
            else:
                async for frame in self._resumed(tenant_id, since, following):
                    yield frame
            async for frame in following.frames():
                yield frame

    def _channel(self, tenant_id: str, position: Position) -> JobChannel:
        return JobChannel(tenant_id, position, self._running, self._clock)

    async def _resumed(self, tenant_id: str, since: int, following: Following) -> AsyncGenerator[Encoded, None]:
        """The snapshot, which does not move the client's number, then what it missed.

        The snapshot is the state of now: of what is replayed after it, `version` tells what is known already.
        """
        resumption = await self._replay.resumption(tenant_id, since, following)
        yield await self._snapshot(tenant_id, resumption.after)
        yield encoded(
            Resumed(
                seq=resumption.after,
                timestamp=iso_utc(self._clock.now_ms()),
                since=since,
                replayed=await self._replay.count(tenant_id, resumption, JOB_EVENTS),
                complete=resumption.complete,
                oldest=resumption.oldest,
            )
        )
        async for entries in self._replay.missed(tenant_id, resumption.after, following, JOB_EVENTS):
            for entry in entries:
                yield encoded(update_of_entry(entry))

    async def _snapshot(self, tenant_id: str, seq: int) -> Encoded:
        jobs = await self._active.of(tenant_id)
        return encoded(
            JobsSnapshot(
                seq=seq,
                timestamp=iso_utc(self._clock.now_ms()),
                jobs=jobs[:MOST_JOBS],
                truncated=len(jobs) > MOST_JOBS,
            )
        )

    async def _read_active(self, tenant_id: str) -> tuple[JobState, ...]:
        """The jobs that wait and run now, one more than are shown where there are more."""
        jobs: dict[str, Job] = {}  # one that moves on meanwhile may be found twice
        for status in _ACTIVE:
            if len(jobs) <= MOST_JOBS:
                query = JobQuery(tenant_id, MOST_JOBS + 1 - len(jobs), status)
                jobs |= {job.job_id: job for job in await self._history.newest(query)}
        return tuple(state_of(job) for job in jobs.values())
