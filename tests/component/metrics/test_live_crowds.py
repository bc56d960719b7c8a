"""Hundreds who come back at once, as they do when a process stopped, leave the store to others too."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import aclosing

import pytest

from services.metrics.adapters.activity_store import ACTIVITY, ACTIVITY_INDEXES, MongoActivity
from services.metrics.adapters.running_jobs import MongoRunningJobs
from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.sequence import Numbers
from services.metrics.use_cases.live.feeds import LiveFeeds
from services.metrics.use_cases.live.follow_jobs import FollowJobs
from services.metrics.use_cases.live.replay import READS_AT_ONCE, Replay
from services.metrics.use_cases.live.subscriber import Subscriber
from shared.jobs import JOB_INDEXES, JOBS, Job
from shared.jobs.history import JobHistory, JobQuery
from shared.storage import Store, connect
from tests.support.clock import ManualClock

N_CLIENTS = 100
N_EVENTS = 300


class History(JobHistory):
    """Counts how often it is read."""

    n_reads = 0

    async def newest(self, query: JobQuery) -> list[Job]:
        self.n_reads += 1
        return await super().newest(query)


class Activity(MongoActivity):
    """Notes how many pages are read at once."""

    n_now = 0
    most_at_once = 0

    async def numbered(
        self, tenant_id: str, numbers: Numbers, *, limit: int, kinds: Collection[str] | None = None
    ) -> list[ActivityEntry]:
        self.n_now += 1
        self.most_at_once = max(self.most_at_once, self.n_now)
        try:
            return await super().numbered(tenant_id, numbers, limit=limit, kinds=kinds)
        finally:
            self.n_now -= 1


@pytest.fixture
async def store(store_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(store_url, database_name) as opened:
        await opened.ensure_indexes(ACTIVITY, ACTIVITY_INDEXES)
        await opened.ensure_indexes(JOBS, JOB_INDEXES)
        yield opened


async def seqs_of_updates(follow: FollowJobs, since: int | None, last: int) -> list[int]:
    """The numbers of the events that a client is sent up to the last one."""
    seen = []
    stream = follow(tenant_id="default", since=since, subscriber=Subscriber())
    async with aclosing(stream) as frames, asyncio.timeout(60):
        async for frame in frames:
            if '"job_update"' in frame.text:
                seen.append(frame.seq)
            if frame.seq == last:
                return seen
    raise AssertionError("the stream ended")


async def test_the_jobs_are_read_once_for_all_who_come_at_once(store: Store) -> None:
    history, activity, clock = History(store), Activity(store, ManualClock()), ManualClock()
    follow = FollowJobs(LiveFeeds(activity), Replay(activity), history, MongoRunningJobs(store), clock)
    crowd = await asyncio.gather(*(seqs_of_updates(follow, None, last=0) for _ in range(N_CLIENTS)))
    assert crowd == [[]] * N_CLIENTS
    each_status = 3
    assert history.n_reads <= 2 * each_status  # for the first of them, and for all others


async def test_who_missed_much_takes_turns_with_others(store: Store) -> None:
    history, activity, clock = History(store), Activity(store, ManualClock()), ManualClock()
    data = '{"job_id": "j-1", "status": "pending", "workflow_id": "w-1", "workflow_name": "Invoices"}'
    entries = (ActivityEntry(f"e-{n}", "default", "job_submitted", n, data) for n in range(N_EVENTS))
    await asyncio.gather(*(activity.add(entry) for entry in entries))
    follow = FollowJobs(LiveFeeds(activity), Replay(activity), history, MongoRunningJobs(store), clock)
    crowd = await asyncio.gather(*(seqs_of_updates(follow, 0, last=N_EVENTS) for _ in range(N_CLIENTS)))
    assert crowd == [list(range(1, N_EVENTS + 1))] * N_CLIENTS
    assert 1 < activity.most_at_once <= READS_AT_ONCE
