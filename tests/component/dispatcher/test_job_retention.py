"""Ended jobs are kept for a time, dead letters until somebody deals with them."""

from collections.abc import AsyncIterator

import pytest

from services.dispatcher.adapters.job_store import MongoJobs
from services.dispatcher.use_cases.remove_old_jobs import RemoveOldJobs
from tests.component.dispatcher.job_steps import dead, held
from tests.support.clock import ManualClock
from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.eventually import eventually

KEEP_MS = 86_400_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock) as dispatcher:
        yield dispatcher


async def test_only_old_ended_jobs_without_open_ends_are_removed(dispatcher: Dispatcher, clock: ManualClock) -> None:
    runtime = dispatcher.runtime
    remove = RemoveOldJobs(MongoJobs(runtime.store, runtime.relay, clock, runtime.new_id), clock, KEEP_MS)
    robot = await dispatcher.registered()
    done, unsent = [(await held(dispatcher, robot))["job_id"] for _ in range(2)]
    for job_id in (done, unsent):
        await robot.post(f"/jobs/{job_id}/complete", {})
    letter = await dead(dispatcher, robot)
    waiting = await dispatcher.submit(run_at_ms=clock.now_ms() + 10 * KEEP_MS)

    async def all_sent() -> bool:
        return await runtime.store.count("jobs", {"unsent": {"$gt": 0}}) == 0

    await eventually(all_sent)
    await runtime.store.collection("jobs").update_one({"_id": unsent}, {"$set": {"unsent": 1}})
    clock.advance(ms=KEEP_MS)
    assert await remove() == 0
    clock.advance(ms=1)
    young = (await held(dispatcher, robot))["job_id"]
    await robot.post(f"/jobs/{young}/complete", {})
    assert (await remove(), await remove()) == (1, 0)
    left = {job["_id"] for job in await runtime.store.collection("jobs").find({}, {"_id": 1}).to_list()}
    assert left == {unsent, letter.job_id, waiting.job_id, young}
    assert (await dispatcher.user().delete(f"/dlq/{letter.job_id}")).status_code == 200
    await eventually(lambda: _removed(remove))


async def _removed(remove: RemoveOldJobs) -> bool:
    return await remove() == 1
