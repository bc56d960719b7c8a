"""Limits in time: one attempt's timeout, the whole job's deadline."""

from collections.abc import AsyncIterator

import pytest

from shared.jobs import Job
from tests.component.dispatcher.job_steps import claimed, held
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


async def ended(dispatcher: Dispatcher, job_id: str) -> Job:
    async def terminal() -> Job | None:
        job = await dispatcher.job(job_id)
        return job if job.is_terminal else None

    return await eventually(terminal)


async def test_an_attempt_that_takes_too_long_times_out(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot, timeout_seconds=60))["job_id"]
    await robot.post(f"/jobs/{job_id}/extend-lease", {"extension_seconds": 3600})
    clock.advance(seconds=61)
    job = await ended(dispatcher, job_id)
    assert (job.status, job.error_type, job.dead_reason) == ("timeout", "JOB_TIMEOUT", "timeout")
    late = await robot.post(f"/jobs/{job_id}/complete", {})
    assert late.status_code == 409
    assert (await dispatcher.user().get("/robots/r1")).json()["current_job_ids"] == []


async def test_a_job_that_waits_past_its_deadline_times_out(dispatcher: Dispatcher, clock: ManualClock) -> None:
    job = await dispatcher.submit(must_end_ms=clock.now_ms() + 60_000)
    delayed = await dispatcher.submit(must_end_ms=clock.now_ms() + 60_000, run_at_ms=clock.now_ms() + 50_000_000)
    clock.advance(seconds=61)
    for job_id in (job.job_id, delayed.job_id):
        after = await ended(dispatcher, job_id)
        assert (after.status, after.error_type, after.dead_reason) == ("timeout", "DEADLINE_EXCEEDED", "deadline")
        assert (after.queue_position, after.waiting_until_ms, after.deadline_ms) == (None, None, None)
    assert (await (await dispatcher.registered()).post("/jobs/claim", {})).json() is None


async def test_a_running_job_ends_at_its_deadline_although_its_timeout_is_later(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot, must_end_ms=clock.now_ms() + 60_000))["job_id"]
    await robot.post(f"/jobs/{job_id}/extend-lease", {"extension_seconds": 3600})
    clock.advance(seconds=61)
    assert (await ended(dispatcher, job_id)).error_type == "DEADLINE_EXCEEDED"
    answer = await robot.post(f"/jobs/{job_id}/extend-lease", {})
    assert answer.json()["cancel_requested"] is True


async def test_the_deadline_outlives_a_return_to_the_queue(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    must_end_ms = clock.now_ms() + 600_000
    job_id = (await held(dispatcher, robot, must_end_ms=must_end_ms, timeout_seconds=60))["job_id"]
    assert (await dispatcher.job(job_id)).deadline_ms == clock.now_ms() + 60_000
    await robot.post(f"/jobs/{job_id}/release", {})
    assert (await dispatcher.job(job_id)).deadline_ms == must_end_ms
    await claimed(robot, job_id)
    await robot.post(f"/jobs/{job_id}/fail", {"error_message": "again"})
    assert (await dispatcher.job(job_id)).deadline_ms == must_end_ms
    clock.advance(seconds=601)
    assert (await ended(dispatcher, job_id)).dead_reason == "deadline"


async def test_a_failure_whose_backoff_would_pass_the_deadline_is_final(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot, must_end_ms=clock.now_ms() + 300))["job_id"]
    answer = await robot.post(f"/jobs/{job_id}/fail", {"error_message": "late", "error_type": "SLOW"})
    assert answer.json()["status"] == "failed"
    job = await dispatcher.job(job_id)
    assert (job.error_type, job.dead_reason) == ("SLOW", "deadline")
