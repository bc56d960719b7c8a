"""What the deletion of a workflow does to its jobs: pending ones are cancelled, those with a robot finish."""

from collections.abc import AsyncIterator, Sequence

import pytest

from services.dispatcher.adapters.job_store import MongoJobs
from services.dispatcher.use_cases.cancel_jobs_of_workflow import BATCH, CancelJobsOfWorkflow
from shared.events import encode, wrap
from shared.events.workflows import WorkflowDeleted
from shared.jobs import Job, JobStatus
from shared.messaging.bus import Message
from tests.support.dispatcher import TENANT, Dispatcher, running_dispatcher
from tests.support.eventually import eventually


@pytest.fixture
async def dispatcher(store_url: str, database_name: str) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name) as dispatcher:
        yield dispatcher


async def announce_deletion(dispatcher: Dispatcher, workflow_id: str) -> None:
    """Publish the event as the workflows service does."""
    runtime = dispatcher.runtime
    event = wrap(
        WorkflowDeleted(workflow_id=workflow_id, workflow_name="Invoices", version=1, deleted_by="u1"),
        event_id=runtime.new_id(),
        subject=workflow_id,
        tenant_id=TENANT,
        version=2,
        at_ms=runtime.clock.now_ms(),
    )
    assert await runtime.bus.publish([Message(event.id, event.type, encode(event))]) == [True]


async def statuses(dispatcher: Dispatcher, jobs: Sequence[Job]) -> list[JobStatus]:
    return [(await dispatcher.job(job.job_id)).status for job in jobs]


async def test_pending_and_waiting_jobs_are_cancelled_and_others_left(dispatcher: Dispatcher) -> None:
    in_a_day_ms = dispatcher.runtime.clock.now_ms() + 86_400_000
    doomed = [
        await dispatcher.submit(workflow_id="w1"),
        await dispatcher.submit(workflow_id="w1", run_at_ms=in_a_day_ms),
    ]
    other = [await dispatcher.submit(workflow_id="w2"), await dispatcher.submit(workflow_id="w1", tenant_id="rival")]
    await announce_deletion(dispatcher, "w1")

    async def cancelled() -> bool:
        return await statuses(dispatcher, doomed) == ["cancelled", "cancelled"]

    await eventually(cancelled)
    assert await statuses(dispatcher, other) == ["pending", "pending"]

    async def told() -> bool:
        return sum(event.type == "job.cancelled" for event in dispatcher.events) == 2

    await eventually(told)
    [event, _] = [event for event in dispatcher.events if event.type == "job.cancelled"]
    assert b'"cancelled_by":"u1"' in bytes(event.data)


async def test_a_job_that_a_robot_holds_finishes(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    held = await dispatcher.submit(workflow_id="w1")
    claimed = (await robot.post("/jobs/claim", {"wait_seconds": 5})).json()
    assert claimed["job_id"] == held.job_id
    doomed = await dispatcher.submit(workflow_id="w1")
    await announce_deletion(dispatcher, "w1")

    async def cancelled() -> bool:
        return await statuses(dispatcher, [doomed]) == ["cancelled"]

    await eventually(cancelled)
    assert (await robot.post(f"/jobs/{held.job_id}/complete", {"result": {}})).status_code == 200
    assert await statuses(dispatcher, [held]) == ["completed"]


async def test_more_jobs_than_one_batch_are_cancelled_and_a_repeat_finds_none(dispatcher: Dispatcher) -> None:
    for _ in range(BATCH + 1):
        await dispatcher.submit(workflow_id="w1")
    runtime = dispatcher.runtime
    cancel = CancelJobsOfWorkflow(MongoJobs(runtime.store, runtime.relay, runtime.clock, runtime.new_id), runtime.clock)
    assert await cancel(TENANT, "w1", cancelled_by="u1") == BATCH + 1
    assert await cancel(TENANT, "w1", cancelled_by="u1") == 0
