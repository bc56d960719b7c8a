"""The dead-letter queue."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.kernel.permissions import Role
from tests.component.dispatcher.job_steps import claimed, dead, held
from tests.support.clock import ManualClock
from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.eventually import eventually

DAY_SECONDS = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock) as dispatcher:
        yield dispatcher


async def entries(dispatcher: Dispatcher, tenant: str = "default", **query: Any) -> list[str]:
    answer = await dispatcher.user(Role.VIEWER, tenant).get("/dlq", **query)
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["entries"]]


async def removals(dispatcher: Dispatcher) -> list[bytes]:
    return [bytes(event.data) for event in dispatcher.events if event.type == "job.dead_letter_removed"]


def gone(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["code"]) == (404, "DEAD_LETTER_NOT_FOUND")


async def test_an_entry_tells_what_became_of_the_job(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    job_id = (await held(dispatcher, robot, max_attempts=1))["job_id"]
    clock.advance(seconds=2)
    failure = {"error_message": "no element", "error_type": "SELECTOR", "node_id": "n4"}
    await robot.post(f"/jobs/{job_id}/fail", failure)
    answer = await dispatcher.user(Role.VIEWER).get("/dlq")
    assert answer.json() == {
        "entries": [
            {
                "id": job_id,
                "job_id": job_id,
                "workflow_id": "workflow-1",
                "workflow_name": "Invoices",
                "status": "failed",
                "reason": "attempts_exhausted",
                "error_type": "SELECTOR",
                "error_message": "no element",
                "failed_node": "n4",
                "robot_id": "r1",
                "environment": "default",
                "priority": 10,
                "attempts": 1,
                "max_attempts": 1,
                "created_at": "2026-01-01T12:00:00Z",
                "ended_at": "2026-01-01T12:00:02Z",
            }
        ],
        "next_cursor": None,
    }


async def test_only_what_ended_badly_and_by_itself_is_a_dead_letter(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    completed = (await held(dispatcher, robot))["job_id"]
    await robot.post(f"/jobs/{completed}/complete", {})
    cancelled = (await held(dispatcher, robot))["job_id"]
    await dispatcher.user().post(f"/jobs/{cancelled}/cancel")
    waiting = (await held(dispatcher, robot))["job_id"]
    await robot.post(f"/jobs/{waiting}/fail", {"error_message": "again"})
    assert await entries(dispatcher) == []
    silent = (await held(dispatcher, robot, max_attempts=1, priority=0))["job_id"]
    clock.advance(seconds=31)
    await eventually(lambda: entries(dispatcher))
    assert await entries(dispatcher) == [silent]


async def test_entries_page_and_filter_last_ended_first(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    ids: list[str] = []
    for number in range(4):
        job = await dead(dispatcher, robot, error_type=f"E{number % 2}", workflow_id=f"w{number // 2}")
        ids.insert(0, job.job_id)
        clock.advance(ms=1)
    assert await entries(dispatcher) == ids
    assert await entries(dispatcher, error_type="E1") == [ids[0], ids[2]]
    assert await entries(dispatcher, workflow_id="w0") == ids[2:]
    assert await entries(dispatcher, workflow_id="w0", error_type="E1") == [ids[2]]
    first = (await dispatcher.user().get("/dlq", limit=3)).json()
    assert [entry["id"] for entry in first["entries"]] == ids[:3]
    assert await entries(dispatcher, cursor=first["next_cursor"]) == ids[3:]
    assert await entries(dispatcher, "elsewhere") == []


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 501}, {"cursor": "x"}, {"error_type": ""}], ids=str)
async def test_bad_queries_are_refused_by_name(dispatcher: Dispatcher, query: dict[str, Any]) -> None:
    answer = await dispatcher.user().get("/dlq", **query)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == list(query)


async def test_the_figures_cover_reasons_errors_and_workflows(dispatcher: Dispatcher, clock: ManualClock) -> None:
    empty = (await dispatcher.user(Role.VIEWER).get("/dlq/stats")).json()
    assert empty == {
        "total": 0, "counted": 0, "by_reason": {}, "by_error_type": {}, "by_workflow": [],
        "oldest_at": None, "newest_at": None,
    }  # fmt: skip
    robot = await dispatcher.registered()
    await dead(dispatcher, robot, error_type="A")
    clock.advance(seconds=1)
    await dead(dispatcher, robot, error_type="A", workflow_id="w2", workflow_name="Reports")
    await dead(dispatcher, robot, error_type="B.$x", workflow_id="w2", workflow_name="Reports")
    stats = (await dispatcher.user().get("/dlq/stats")).json()
    assert (stats["total"], stats["counted"]) == (3, 3)
    assert stats["by_reason"] == {"not_retryable": 3}
    assert stats["by_error_type"] == {"A": 2, "B.$x": 1}
    assert stats["by_workflow"] == [
        {"workflow_id": "w2", "workflow_name": "Reports", "count": 2},
        {"workflow_id": "workflow-1", "workflow_name": "Invoices", "count": 1},
    ]
    assert (stats["oldest_at"], stats["newest_at"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:00:01Z")
    assert (await dispatcher.user(tenant="elsewhere").get("/dlq/stats")).json()["total"] == 0


async def test_concurrent_retries_of_an_entry_make_one_job_and_all_are_told_its_id(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    old = await dead(dispatcher, robot)
    user = dispatcher.user(Role.OPERATOR)
    keys: list[dict[str, str]] = [{}, {}, {"Idempotency-Key": "a"}, {"Idempotency-Key": "b"}]
    answers = await asyncio.gather(*(user.post(f"/dlq/{old.job_id}/retry", **key) for key in keys))
    assert [answer.status_code for answer in answers] == [200] * len(keys)
    (new_id,) = {answer.json()["new_job_id"] for answer in answers}
    again = await user.post(f"/dlq/{old.job_id}/retry")
    assert again.json() == answers[0].json()
    assert await entries(dispatcher) == []
    assert await dispatcher.runtime.store.count("jobs", {"retry_of": old.job_id}) == 1
    new = await claimed(robot, new_id)
    await robot.post(f"/jobs/{new['job_id']}/fail", {"error_message": "no", "retryable": False})
    assert await entries(dispatcher) == [new_id]
    assert len(await removals(dispatcher)) == 1


async def test_a_deleted_entry_leaves_its_job_in_the_history(dispatcher: Dispatcher) -> None:
    old = await dead(dispatcher, await dispatcher.registered())
    user = dispatcher.user(Role.OPERATOR)
    answers = await asyncio.gather(*(user.delete(f"/dlq/{old.job_id}") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
    assert next(answer for answer in answers if answer.status_code == 200).json() == {"id": old.job_id, "deleted": True}
    assert all(gone(answer) for answer in answers if answer.status_code == 404)
    assert (await entries(dispatcher), (await dispatcher.job(old.job_id)).status) == ([], "failed")
    assert gone(await user.post(f"/dlq/{old.job_id}/retry"))
    (removal,) = await eventually(lambda: removals(dispatcher))
    assert b'"how":"deleted"' in removal
    assert b'"removed_by":"u1"' in removal


async def test_what_is_no_entry_here_is_404(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    old = await dead(dispatcher, robot)
    pending = await dispatcher.submit()
    user, foreigner = dispatcher.user(), dispatcher.user(tenant="elsewhere")
    for caller, job_id in ((user, "unknown"), (user, pending.job_id), (foreigner, old.job_id)):
        assert gone(await caller.post(f"/dlq/{job_id}/retry"))
        assert gone(await caller.delete(f"/dlq/{job_id}"))
    assert await entries(dispatcher) == [old.job_id]


async def test_a_purge_takes_what_is_old_enough_of_its_own_tenant(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    old = [(await dead(dispatcher, robot)).job_id for _ in range(3)]
    clock.advance(seconds=DAY_SECONDS)
    young = (await dead(dispatcher, robot)).job_id
    admin = dispatcher.user(Role.ADMIN)
    foreign = await dispatcher.user(Role.ADMIN, "elsewhere").post("/dlq/purge?older_than_days=0")
    assert foreign.json() == {"purged": 0, "complete": True}
    assert (await admin.post("/dlq/purge?older_than_days=2")).json()["purged"] == 0
    both = await asyncio.gather(*(admin.post("/dlq/purge?older_than_days=1") for _ in range(2)))
    assert sum(answer.json()["purged"] for answer in both) == len(old)
    assert await entries(dispatcher) == [young]
    assert (await admin.post("/dlq/purge?older_than_days=0")).json()["purged"] == 1
    assert {(await dispatcher.job(job_id)).status for job_id in old} == {"failed"}


@pytest.mark.parametrize("days", ["-1", "3651", "x", ""])
async def test_a_purge_without_a_sane_age_is_refused(dispatcher: Dispatcher, days: str) -> None:
    old = await dead(dispatcher, await dispatcher.registered())
    answer = await dispatcher.user().post(f"/dlq/purge?older_than_days={days}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "older_than_days")
    assert (await dispatcher.user().post("/dlq/purge")).status_code == 400
    assert await entries(dispatcher) == [old.job_id]


async def test_each_call_needs_its_role(dispatcher: Dispatcher) -> None:
    old = await dead(dispatcher, await dispatcher.registered())
    viewer, developer = dispatcher.user(Role.VIEWER), dispatcher.user(Role.DEVELOPER)
    assert (await viewer.post(f"/dlq/{old.job_id}/retry")).status_code == 403
    assert (await viewer.delete(f"/dlq/{old.job_id}")).status_code == 403
    assert (await developer.post("/dlq/purge?older_than_days=0")).status_code == 403
    assert (await dispatcher.robot().get("/dlq")).status_code == 403
    assert (await dispatcher.nobody().get("/dlq/stats")).status_code == 401
    assert await entries(dispatcher) == [old.job_id]
