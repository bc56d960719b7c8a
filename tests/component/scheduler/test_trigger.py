"""Running a schedule by hand (contract, `PUT /schedules/{schedule_id}/trigger`)."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from services.scheduler.adapters.schedule_store import MongoSchedules
from services.scheduler.domain.manual_run import manual_job_id
from services.scheduler.domain.schedule import Schedule
from services.scheduler.use_cases.change_schedule import ChangeSchedule
from services.scheduler.use_cases.get_schedule import GetSchedule
from services.scheduler.use_cases.trigger_schedule import TRIES, TriggerSchedule
from shared.events import EventData
from shared.events.scheduler import ScheduleTriggered
from shared.kernel.errors import Unavailable
from shared.kernel.permissions import Role
from tests.component.scheduler.service import WORKFLOW_ID, Scheduler
from tests.support.service import assert_problem

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def trigger(scheduler: Scheduler, schedule: dict[str, Any], **headers: str) -> httpx.Response:
    async with scheduler.client(Role.OPERATOR, subject="olga") as client:
        return await client.put(f"/api/v1/schedules/{schedule['schedule_id']}/trigger", headers=headers)


async def read(scheduler: Scheduler, schedule: dict[str, Any]) -> dict[str, Any]:
    async with scheduler.client() as client:
        answer: dict[str, Any] = (await client.get(f"/api/v1/schedules/{schedule['schedule_id']}")).json()
    return answer


async def test_a_triggered_schedule_answers_with_its_job(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    response = await trigger(scheduler, schedule)
    assert response.status_code == 200
    answer = response.json()
    job_id = answer.pop("job_id")
    assert re.fullmatch(f"manual_{schedule['schedule_id'][:8]}_[0-9a-f]{{8}}", job_id)
    assert answer == {
        "status": "success",
        "message": f"Schedule triggered: {schedule['schedule_id']}",
        "triggered_via": "direct",
    }
    assert await scheduler.job_ids() == [job_id]


async def test_a_manual_run_is_of_the_workflows_current_version(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(priority=3, execution_mode="internet")
    change = {"$set": {"current_version": 2, "versions.2": {"definition_id": "d2"}, "name": "Renamed"}}
    await scheduler.runtime.store.collection("workflows").update_one({"_id": WORKFLOW_ID}, change)
    await trigger(scheduler, schedule)
    [job] = await scheduler.documents("jobs")
    assert (job["tenant_id"], job["status"], job["trigger"]) == ("default", "pending", "manual")
    assert (job["workflow_id"], job["workflow_version"], job["definition_id"]) == (WORKFLOW_ID, 2, "d2")
    assert (job["workflow_name"], job["priority"], job["created_by"]) == ("Renamed", 3, "olga")
    assert job["requirements"]["execution_mode"] == "internet"


async def test_a_manual_run_counts_and_leaves_the_next_run_as_it_is(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    scheduler.clock.advance(seconds=60)
    await trigger(scheduler, schedule)
    now = "2026-01-01T12:01:00Z"
    assert await read(scheduler, schedule) == {**schedule, "run_count": 1, "last_run": now, "updated_at": now}


async def test_a_disabled_schedule_can_be_triggered_and_stays_disabled(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(enabled=False)
    assert (await trigger(scheduler, schedule)).status_code == 200
    answer = await read(scheduler, schedule)
    assert (answer["enabled"], answer["next_run"], answer["run_count"]) == (False, None, 1)


async def test_a_manual_run_is_announced_with_its_job_and_who_asked(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    job_id = (await trigger(scheduler, schedule)).json()["job_id"]
    event = await scheduler.event("schedule.triggered")
    assert event.data_as(ScheduleTriggered).job_id == job_id
    assert (event.subject, event.actorid, event.aggregateversion) == (schedule["schedule_id"], "olga", 2)
    assert (await scheduler.event("job.submitted")).subject == job_id


async def test_each_trigger_runs_once_more(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(overlap_policy="skip")
    answers = await asyncio.gather(*(trigger(scheduler, schedule) for _ in range(5)))
    assert sorted({answer.json()["job_id"] for answer in answers}) == await scheduler.job_ids()
    assert len(await scheduler.job_ids()) == (await read(scheduler, schedule))["run_count"] == 5


async def test_a_repeat_with_the_same_key_gets_the_same_job(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    first = await trigger(scheduler, schedule, **{"Idempotency-Key": "k1"})
    again = await trigger(scheduler, schedule, **{"Idempotency-Key": "k1"})
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(await scheduler.job_ids()) == (await read(scheduler, schedule))["run_count"] == 1


def use_case(scheduler: Scheduler, kind: type[MongoSchedules] = MongoSchedules) -> TriggerSchedule:
    """As another replica has it, whose schedules are of this kind."""
    runtime = scheduler.runtime
    schedules = kind(runtime.store, runtime.relay, runtime.new_id)
    get, change = GetSchedule(schedules), ChangeSchedule(schedules)
    return TriggerSchedule(get, scheduler.parts.workflows, scheduler.parts.submitter, change, scheduler.clock)


@pytest.mark.parametrize("n_calls", [2, 3])
async def test_a_run_cut_short_anywhere_is_finished_under_its_run_id_and_counts_once(
    scheduler: Scheduler, n_calls: int
) -> None:
    schedule = await scheduler.create()
    arguments = {"tenant_id": "default", "schedule_id": schedule["schedule_id"], "triggered_by": "u", "run_id": "r1"}
    jobs = [await use_case(scheduler)(**arguments) for _ in range(n_calls)]
    assert [job.job_id for job in jobs] == await scheduler.job_ids() * n_calls
    assert (await read(scheduler, schedule))["run_count"] == 1


async def test_an_id_that_another_job_has_is_not_taken_for_ones_own(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    schedule_id = schedule["schedule_id"]
    taken = manual_job_id(schedule_id, "r2", 0)
    await trigger(scheduler, schedule)
    [stranger] = await scheduler.documents("jobs")
    await scheduler.runtime.store.collection("jobs").insert_one({**stranger, "_id": taken})
    arguments = {"tenant_id": "default", "schedule_id": schedule_id, "triggered_by": "u", "run_id": "r2"}
    jobs = [await use_case(scheduler)(**arguments) for _ in range(2)]
    assert [job.job_id for job in jobs] == [manual_job_id(schedule_id, "r2", 1)] * 2


async def test_a_job_is_refused_when_no_id_is_free_for_it(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    await trigger(scheduler, schedule)
    [stranger] = await scheduler.documents("jobs")
    ids = [manual_job_id(schedule["schedule_id"], "r2", attempt) for attempt in range(TRIES)]
    jobs = scheduler.runtime.store.collection("jobs")
    await jobs.insert_many([{**stranger, "_id": taken} for taken in ids])
    with pytest.raises(Unavailable):
        await use_case(scheduler)(
            tenant_id="default", schedule_id=schedule["schedule_id"], triggered_by="u", run_id="r2"
        )
    assert (await read(scheduler, schedule))["run_count"] == 1


class GoesAway(MongoSchedules):
    """The store stops answering once the job is made."""

    async def save(self, before: Schedule, after: Schedule, event: EventData | None) -> bool:
        raise Unavailable("The store does not answer.")


async def test_a_run_that_cannot_be_counted_is_not_refused_for_that(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    arguments = {"tenant_id": "default", "schedule_id": schedule["schedule_id"], "triggered_by": "u", "run_id": "r1"}
    job = await use_case(scheduler, GoesAway)(**arguments)
    assert await scheduler.job_ids() == [job.job_id]
    assert (await read(scheduler, schedule))["run_count"] == 0
    await use_case(scheduler)(**arguments)  # a repeat makes up for it
    assert await scheduler.job_ids() == [job.job_id]
    assert (await read(scheduler, schedule))["run_count"] == 1


async def test_the_job_goes_on_with_the_callers_trace(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    await trigger(scheduler, schedule, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    [job] = await scheduler.documents("jobs")
    assert re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-01", job["traceparent"])


async def test_a_malformed_trace_is_replaced(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    await trigger(scheduler, schedule, traceparent="00-nonsense")
    [job] = await scheduler.documents("jobs")
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", job["traceparent"])


async def test_a_schedule_whose_workflow_is_deleted_cannot_be_triggered(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    change = {"$set": {"deleted_ms": 1}}
    await scheduler.runtime.store.collection("workflows").update_one({"_id": WORKFLOW_ID}, change)
    assert_problem(await trigger(scheduler, schedule), 409, "WORKFLOW_GONE")
    assert await scheduler.documents("jobs") == []
