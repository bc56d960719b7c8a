"""Reports on a held job: progress, end, repeats, zombies, cancellation."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events.jobs import JobFailed
from shared.kernel.permissions import Role
from tests.support.clock import ManualClock
from tests.support.dispatcher import Caller, Dispatcher, running_dispatcher
from tests.support.eventually import eventually


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock) as dispatcher:
        yield dispatcher


async def held(dispatcher: Dispatcher, robot: Caller, **fields: Any) -> dict[str, Any]:
    """A job that `robot` has just claimed."""
    job = await dispatcher.submit(**fields)
    return await claimed_again(robot, job.job_id)


async def claimed_again(robot: Caller, job_id: str) -> dict[str, Any]:
    async def claim() -> dict[str, Any] | None:
        answer = await robot.post("/jobs/claim", {"visibility_timeout_seconds": 30})
        claimed: dict[str, Any] | None = answer.json()
        return claimed

    claimed: dict[str, Any] = await eventually(claim)
    assert claimed["job_id"] == job_id
    return claimed


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_progress_starts_the_job_and_renews_its_lease(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot))["job_id"]
    clock.advance(seconds=20)
    answer = await robot.put(f"/jobs/{job_id}/progress", {"progress": 40, "current_node": "n1", "message": "half"})
    assert answer.json() == {"job_id": job_id, "progress": 40, "current_node": "n1"}
    job = await dispatcher.job(job_id)
    assert (job.status, job.progress, job.progress_message) == ("running", 40, "half")
    assert job.lease_expires_ms == clock.now_ms() + 30_000


async def test_completing_ends_the_job_frees_the_slot_and_can_be_repeated(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    claimed = await held(dispatcher, robot)
    body = {"result": {"total": 7, "a.b": "$set"}, "lease_token": claimed["lease_token"]}
    for _ in range(3):
        answer = await robot.post(f"/jobs/{claimed['job_id']}/complete", body)
        assert (answer.status_code, answer.json()) == (200, {"job_id": claimed["job_id"], "completed": True})
    shown = (await dispatcher.user().get(f"/jobs/{claimed['job_id']}")).json()
    assert (shown["status"], shown["result"], shown["progress"]) == ("completed", {"total": 7, "a.b": "$set"}, 100)
    assert (await dispatcher.user().get("/robots/r1")).json()["current_job_ids"] == []
    completions = [event for event in dispatcher.events if event.type == "job.completed"]
    assert len(completions) == 1


async def test_a_failure_with_attempts_left_comes_back_after_its_backoff(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot))["job_id"]
    answer = await robot.post(f"/jobs/{job_id}/fail", {"error_message": "boom", "error_type": "T", "node_id": "n"})
    assert answer.json() == {"job_id": job_id, "status": "pending"}
    assert (await robot.post(f"/jobs/{job_id}/fail", {"error_message": "boom"})).json()["status"] == "pending"
    assert (await robot.post("/jobs/claim", {})).json() is None
    clock.advance(seconds=2)
    again = await claimed_again(robot, job_id)
    assert (again["attempt"], again["retry_count"]) == (2, 1)


NODES: list[dict[str, Any]] = [
    {"node_id": "a", "status": "completed", "duration_ms": 5},
    {"node_id": "b", "status": "failed", "duration_ms": 7, "error": {"type": "T", "message": "boom"}},
]


async def test_what_is_told_of_a_failed_attempt_is_shown_until_the_next_one_begins(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot, max_attempts=2))["job_id"]
    healed = [{**NODES[0], "self_healing": {"attempts": 3, "successes": 1}}, NODES[1]]
    first = {"error_message": "boom", "result": {"node_execution": healed}}
    for _ in range(2):
        assert (await robot.post(f"/jobs/{job_id}/fail", first)).json() == {"job_id": job_id, "status": "pending"}
    # A repeat that says something else changes nothing.
    await robot.post(f"/jobs/{job_id}/fail", {"error_message": "boom", "result": {"other": 1}})
    shown = (await dispatcher.user().get(f"/jobs/{job_id}")).json()
    assert (shown["status"], shown["result"]) == ("pending", {"node_execution": healed})
    clock.advance(seconds=2)
    await claimed_again(robot, job_id)
    assert (await dispatcher.job(job_id)).result_json is None
    last = {"error_message": "boom", "result": {"node_execution": NODES[:1], "self_healing": {"attempts": 2}}}
    for _ in range(2):
        assert (await robot.post(f"/jobs/{job_id}/fail", last)).json()["status"] == "failed"
    shown = (await dispatcher.user().get(f"/jobs/{job_id}")).json()
    assert (shown["status"], shown["result"]) == ("failed", last["result"])
    failures = await eventually(lambda: [event for event in dispatcher.events if event.type == "job.failed"])
    assert [event.data_as(JobFailed).healing_attempts for event in failures] == [3 + 2]


async def test_a_completed_job_has_its_own_result_whatever_an_earlier_attempt_told(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot))["job_id"]
    await robot.post(f"/jobs/{job_id}/fail", {"error_message": "boom", "result": {"node_execution": NODES}})
    clock.advance(seconds=2)
    await claimed_again(robot, job_id)
    await robot.post(f"/jobs/{job_id}/complete")
    shown = (await dispatcher.user().get(f"/jobs/{job_id}")).json()
    assert (shown["status"], shown["result"]) == ("completed", {})


async def test_the_last_failure_and_one_beyond_retrying_are_final(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    for fields, body in (({"max_attempts": 1}, {}), ({}, {"retryable": False})):
        job_id = (await held(dispatcher, robot, **fields))["job_id"]
        answer = await robot.post(f"/jobs/{job_id}/fail", {"error_message": "boom", "error_type": "T", **body})
        assert answer.json() == {"job_id": job_id, "status": "failed"}
        job = await dispatcher.job(job_id)
        assert (job.status, job.error_message, job.error_type) == ("failed", "boom", "T")


async def test_a_released_job_is_claimable_at_once_and_the_attempt_is_not_counted(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot, max_attempts=1))["job_id"]
    for attempt in range(2, 5):
        assert (await robot.post(f"/jobs/{job_id}/release")).json() == {"job_id": job_id, "released": True}
        again = await claimed_again(robot, job_id)
        assert (again["attempt"], again["retry_count"]) == (attempt, 0)


async def test_an_expired_lease_returns_the_job_and_the_zombie_is_refused(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    zombie, healthy = await dispatcher.registered("zombie"), await dispatcher.registered("healthy")
    first = await held(dispatcher, zombie)
    clock.advance(seconds=31)
    second = await claimed_again(healthy, first["job_id"])
    assert second["attempt"] == 2
    path = f"/jobs/{first['job_id']}"
    before = await dispatcher.job(first["job_id"])
    for report in (
        zombie.post(f"{path}/complete", {"result": {"late": True}}),
        zombie.post(f"{path}/fail", {"error_message": "late"}),
        zombie.post(f"{path}/release"),
        zombie.post(f"{path}/extend-lease"),
        zombie.put(f"{path}/progress", {"progress": 99}),
        zombie.post(f"{path}/complete", {"lease_token": second["lease_token"]}),
        healthy.post(f"{path}/complete", {"lease_token": first["lease_token"]}),
        healthy.post(f"{path}/complete", {"attempt": 1}),
    ):
        assert code_of(await report) == (409, "JOB_NOT_HELD")
    assert await dispatcher.job(first["job_id"]) == before
    await eventually(lambda: [event for event in dispatcher.events if event.type == "robot.late_report"])
    assert (await healthy.post(f"{path}/complete", {})).status_code == 200


async def test_a_zombie_is_refused_although_its_lease_was_the_jobs_last(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    zombie = await dispatcher.registered("zombie")
    job = await held(dispatcher, zombie, max_attempts=1)
    clock.advance(seconds=31)

    async def has_failed() -> bool:
        return (await dispatcher.job(job["job_id"])).status == "failed"

    await eventually(has_failed)
    for verb, body in (("complete", {}), ("fail", {"error_message": "late"}), ("release", {}), ("extend-lease", {})):
        assert code_of(await zombie.post(f"/jobs/{job['job_id']}/{verb}", body)) == (409, "JOB_NOT_HELD")


async def test_extending_and_heartbeats_keep_a_lease_alive(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot))["job_id"]
    for _ in range(4):
        clock.advance(seconds=25)
        answer = await robot.post("/robots/r1/heartbeat", {"cpu_percent": 5.5})
        assert answer.json()["ok"] is True
    extended = (await robot.post(f"/jobs/{job_id}/extend-lease", {"extension_seconds": 600})).json()
    assert (extended["extended"], extended["cancel_requested"]) == (True, False)
    clock.advance(seconds=80)
    await robot.post("/robots/r1/heartbeat")
    clock.advance(seconds=80)
    job = await dispatcher.job(job_id)
    assert (job.attempt, job.status) == (1, "claimed")


async def test_a_job_over_its_time_is_stopped(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot, timeout_seconds=20))["job_id"]
    clock.advance(seconds=21)
    await eventually(lambda: _has_status(dispatcher, job_id, "timeout"))
    lease = await robot.post(f"/jobs/{job_id}/extend-lease")
    assert lease.json()["cancel_requested"] is True


async def _has_status(dispatcher: Dispatcher, job_id: str, status: str) -> bool:
    return (await dispatcher.job(job_id)).status == status


async def test_cancelling_a_running_job_is_final_and_reaches_its_robot(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot))["job_id"]
    await robot.put(f"/jobs/{job_id}/progress", {"progress": 10})
    answer = (await dispatcher.user(Role.OPERATOR).post(f"/jobs/{job_id}/cancel")).json()
    assert (answer["cancelled"], answer["previous_status"]) == (True, "running")
    assert answer["message"] == "Job cancelled successfully"
    assert (await robot.post("/robots/r1/heartbeat")).json()["cancelled_jobs"] == [job_id]
    lease = (await robot.post(f"/jobs/{job_id}/extend-lease")).json()
    assert (lease["extended"], lease["cancel_requested"]) == (False, True)
    assert code_of(await robot.post(f"/jobs/{job_id}/complete", {})) == (409, "JOB_NOT_HELD")
    again = (await dispatcher.user().post(f"/jobs/{job_id}/cancel")).json()
    assert (again["cancelled"], again["previous_status"]) == (False, "cancelled")
    assert again["message"] == "Job already cancelled, cannot cancel"


async def test_cancel_against_complete_has_one_winner_and_both_are_told_the_truth(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    for _ in range(10):
        job_id = (await held(dispatcher, robot))["job_id"]
        cancel, complete = await asyncio.gather(
            dispatcher.user().post(f"/jobs/{job_id}/cancel"), robot.post(f"/jobs/{job_id}/complete", {})
        )
        status = (await dispatcher.job(job_id)).status
        assert cancel.json()["cancelled"] is (status == "cancelled")
        assert (complete.status_code == 200) is (status == "completed")


async def test_ids_of_another_tenant_do_not_exist(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot))["job_id"]
    stranger = await dispatcher.registered("r1", tenant="another")
    for answer in (
        await dispatcher.user(tenant="another").get(f"/jobs/{job_id}"),
        await dispatcher.user(tenant="another").post(f"/jobs/{job_id}/cancel"),
        await stranger.post(f"/jobs/{job_id}/complete", {}),
        await stranger.put(f"/jobs/{job_id}/progress", {"progress": 1}),
    ):
        assert code_of(answer) == (404, "JOB_NOT_FOUND")
    assert (await dispatcher.user(tenant="another").get("/robots")).json()["total"] == 1
    assert (await dispatcher.job(job_id)).status == "claimed"


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("progress", {}),
        ("progress", {"progress": -1}),
        ("progress", {"progress": 101}),
        ("progress", {"progress": 1.5}),
        ("progress", {"progress": 5, "message": "x" * 2001}),
        ("fail", {}),
        ("fail", {"error_message": ""}),
        ("fail", {"error_message": "x" * 5001}),
        ("fail", {"error_message": "a\u0000"}),
        ("complete", {"result": []}),
        ("fail", {"error_message": "x", "result": []}),
        ("extend-lease", {"extension_seconds": 4}),
        ("extend-lease", {"extension_seconds": 3601}),
    ],
)
async def test_a_report_out_of_bounds_is_refused_and_changes_nothing(
    dispatcher: Dispatcher, call: str, body: object
) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot))["job_id"]
    before = await dispatcher.job(job_id)
    send = robot.put if call == "progress" else robot.post
    answer = await send(f"/jobs/{job_id}/{call}", body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert isinstance(answer.json()["detail"], str)
    assert await dispatcher.job(job_id) == before


async def test_reports_on_unknown_jobs_are_404_and_without_the_permission_403(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    assert code_of(await robot.post("/jobs/unknown/complete", {})) == (404, "JOB_NOT_FOUND")
    assert (await robot.post(f"/jobs/{'x' * 65}/complete", {})).status_code == 400
    assert (await robot.post("/jobs/unknown/cancel")).status_code == 403
    assert (await robot.get("/jobs/unknown")).status_code == 403
    assert (await dispatcher.user(Role.VIEWER).post("/jobs/unknown/cancel")).status_code == 403
    assert (await dispatcher.user().post("/jobs/unknown/complete", {})).status_code == 403
    assert (await dispatcher.nobody().get("/jobs/unknown")).status_code == 401
