"""The log store on every engine: places taken once, order, repeats, counts, removal."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.dispatcher.adapters.log_store import JOB_LOG_INDEXES, JOB_LOGS, MongoJobLogs
from services.dispatcher.domain.log_search import LogOrder
from services.dispatcher.domain.logs import LogBatch, LogEntry, LogLevel, LogSource, next_batch
from shared.storage import connect
from tests.support.jobs import NOW_MS


@pytest.fixture
async def logs(each_store_url: str, database_name: str) -> AsyncIterator[MongoJobLogs]:
    async with connect(each_store_url, database_name, journaled=False) as store:
        await store.ensure_indexes(JOB_LOGS, JOB_LOG_INDEXES)
        yield MongoJobLogs(store)


def batch_after(head: LogBatch | None, *messages: str, job_id: str = "job-1", key: str | None = None) -> LogBatch:
    """`messages` as the batch behind `head`; received a second after it."""
    now_ms = NOW_MS if head is None else head.at_ms + 1000
    source = LogSource("default", job_id, "r1", 1, key)
    entries = [LogEntry(now_ms, LogLevel.INFO, message) for message in messages]
    return next_batch(head, source, entries, max_bytes=100_000, now_ms=now_ms)


async def written(logs: MongoJobLogs, *sizes: int, job_id: str = "job-1") -> list[LogBatch]:
    """Batches of so many entries."""
    batches: list[LogBatch] = []
    for size in sizes:
        batch = batch_after(batches[-1] if batches else None, *["$a.b: äöü \u0000"] * size, job_id=job_id)
        assert await logs.append(batch)
        batches.append(batch)
    return batches


async def test_a_place_is_taken_once(logs: MongoJobLogs) -> None:
    rivals = [batch_after(None, f"{number}") for number in range(5)]
    assert sorted(await asyncio.gather(*map(logs.append, rivals))) == [False, False, False, False, True]
    assert len(await logs.read("job-1", 1, LogOrder.ASC, 10)) == 1


async def test_the_head_is_the_last_batch_of_its_own_job(logs: MongoJobLogs) -> None:
    assert await logs.head("job-1") is None
    await written(logs, 1, job_id="job-10")
    await written(logs, 1, job_id="job-0")
    assert await logs.head("job-1") is None
    batches = await written(logs, *[3] * 12)
    head = await logs.head("job-1")
    assert head is not None
    assert (head.first, head.last, head.total_bytes, head.packed) == (34, 36, batches[-1].total_bytes, b"")


async def test_batches_are_read_from_the_one_that_holds_a_number_in_both_orders(logs: MongoJobLogs) -> None:
    batches = await written(logs, 3, 1, 500, 2)
    await written(logs, 2, job_id="job-10")
    assert await logs.read("job-1", 1, LogOrder.ASC, 10) == batches
    assert await logs.read("job-1", 400, LogOrder.ASC, 10) == batches[2:]
    assert await logs.read("job-1", 400, LogOrder.ASC, 1) == batches[2:3]
    assert await logs.read("job-1", 506, LogOrder.DESC, 10) == batches[::-1]
    assert await logs.read("job-1", 4, LogOrder.DESC, 10) == batches[1::-1]
    assert await logs.read("job-1", 0, LogOrder.DESC, 10) == []
    assert [line.number for line in batches[2].lines()] == list(range(5, 505))


async def test_a_repeat_is_recognised_and_lines_without_room_are_counted(logs: MongoJobLogs) -> None:
    batch = batch_after(None, "x", key="job-1|k")
    await logs.append(batch)
    found = await logs.repeated("job-1|k")
    assert found is not None
    assert (found.position, found.n_accepted) == (batch.position, 1)
    assert await logs.repeated("job-1|other") is None
    await asyncio.gather(*(logs.count_dropped(batch, 2) for _ in range(5)))
    head = await logs.head("job-1")
    assert head is not None
    assert head.n_dropped == 10


async def test_old_batches_are_removed_in_slices(logs: MongoJobLogs) -> None:
    batches = await written(logs, 1, 1, 1, 1)
    assert await logs.remove_before(batches[3].at_ms, 2) == 2
    assert await logs.remove_before(batches[3].at_ms, 2) == 1
    assert await logs.remove_before(batches[3].at_ms, 2) == 0
    assert await logs.read("job-1", 1, LogOrder.ASC, 10) == batches[3:]
