"""POST /jobs/{job_id}/retry."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.jobs import JobStatus, Requirements
from shared.kernel.permissions import Role
from tests.component.dispatcher.job_steps import claimed, dead, held
from tests.support.clock import ManualClock
from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.eventually import eventually


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock) as dispatcher:
        yield dispatcher


async def test_a_retry_is_a_new_job_with_the_same_work_and_all_attempts(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    robot = await dispatcher.registered(capabilities=["sap"])
    old = await dead(
        dispatcher,
        robot,
        variables={"month": "May", "n": 2**70, "x": 0.1},
        priority=3,
        requirements=Requirements(capabilities=("sap",)),
        workflow_version=4,
        max_attempts=2,
        timeout_seconds=77,
        must_end_ms=clock.now_ms() + 60_000,
    )
    clock.advance(seconds=600)
    answer = await dispatcher.user(Role.OPERATOR).post(f"/jobs/{old.job_id}/retry")
    body = answer.json()
    new = await dispatcher.job(body["new_job_id"])
    assert body == {
        "original_job_id": old.job_id,
        "new_job_id": new.job_id,
        "job_id": new.job_id,
        "message": "Job queued for retry",
    }
    same = ("workflow_id", "workflow_version", "definition_id", "priority", "requirements", "variables_json")
    limits = ("max_attempts", "timeout_seconds")
    assert [getattr(new, name) for name in (*same, *limits)] == [getattr(old, name) for name in (*same, *limits)]
    assert (new.status, new.trigger, new.retry_of, new.created_by) == ("pending", "retry", old.job_id, "u1")
    assert new.must_end_ms == clock.now_ms() + 60_000
    assert (await claimed(robot, new.job_id))["attempt"] == 1
    shown = (await dispatcher.user().get(f"/jobs/{new.job_id}")).json()
    assert (shown["retry_of"], shown["trigger"]) == (old.job_id, "retry")


async def test_the_retry_of_a_dead_letter_takes_it_out_of_the_queue(dispatcher: Dispatcher) -> None:
    old = await dead(dispatcher, await dispatcher.registered())
    new_id = (await dispatcher.user().post(f"/jobs/{old.job_id}/retry")).json()["new_job_id"]
    after = await dispatcher.job(old.job_id)
    assert (after.dead_place, after.status, after.finished_ms) == (None, JobStatus.FAILED, old.finished_ms)
    removed = await eventually(
        lambda: next((event for event in dispatcher.events if event.type == "job.dead_letter_removed"), None)
    )
    assert b'"how":"retried"' in bytes(removed.data)
    assert new_id.encode() in bytes(removed.data)


async def test_a_cancelled_job_can_be_retried_and_one_that_has_not_ended_badly_cannot(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    user = dispatcher.user()
    job_id = (await held(dispatcher, robot))["job_id"]
    refused = await user.post(f"/jobs/{job_id}/retry")
    assert (refused.status_code, refused.json()["code"]) == (400, "JOB_NOT_RETRYABLE")
    await user.post(f"/jobs/{job_id}/cancel")
    assert (await user.post(f"/jobs/{job_id}/retry")).status_code == 200
    done = (await held(dispatcher, robot, priority=0))["job_id"]
    await robot.post(f"/jobs/{done}/complete", {})
    assert (await user.post(f"/jobs/{done}/retry")).status_code == 400
    pending = await dispatcher.submit()
    assert (await user.post(f"/jobs/{pending.job_id}/retry")).status_code == 400


async def test_repeats_with_a_key_make_one_job_and_without_make_one_each(dispatcher: Dispatcher) -> None:
    old = await dead(dispatcher, await dispatcher.registered())
    user, path = dispatcher.user(), f"/jobs/{old.job_id}/retry"
    keyed = [await user.post(path, **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert keyed[0].json() == keyed[1].json()
    assert keyed[1].headers["Idempotent-Replayed"] == "true"
    plain = await asyncio.gather(*(user.post(path) for _ in range(2)))
    ids = {answer.json()["new_job_id"] for answer in (*keyed, *plain)}
    assert len(ids) == 3


async def test_an_unknown_job_and_one_of_another_tenant_are_404(dispatcher: Dispatcher) -> None:
    old = await dead(dispatcher, await dispatcher.registered())
    for answer in (
        await dispatcher.user().post("/jobs/unknown/retry"),
        await dispatcher.user(tenant="elsewhere").post(f"/jobs/{old.job_id}/retry"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "JOB_NOT_FOUND")


async def test_viewers_and_robots_may_not_retry(dispatcher: Dispatcher) -> None:
    old = await dead(dispatcher, await dispatcher.registered())
    assert (await dispatcher.user(Role.VIEWER).post(f"/jobs/{old.job_id}/retry")).status_code == 403
    assert (await dispatcher.robot().post(f"/jobs/{old.job_id}/retry")).status_code == 403
