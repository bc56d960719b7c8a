"""GET /jobs: order, filters, cursors."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.jobs import Requirements
from shared.kernel.permissions import Role
from tests.component.dispatcher.job_steps import dead, held
from tests.support.clock import ManualClock
from tests.support.dispatcher import Dispatcher, running_dispatcher


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock) as dispatcher:
        yield dispatcher


async def page(dispatcher: Dispatcher, tenant: str = "default", **query: Any) -> tuple[list[str], str | None]:
    answer = await dispatcher.user(Role.VIEWER, tenant).get("/jobs", **query)
    assert answer.status_code == 200, answer.text
    return [job["job_id"] for job in answer.json()["jobs"]], answer.json()["next_cursor"]


async def test_the_newest_jobs_come_first_without_variables_and_results(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    first = await dispatcher.submit(variables={"secret": 1})
    clock.advance(ms=1)
    second = await dispatcher.submit()
    answer = await dispatcher.user(Role.VIEWER).get("/jobs")
    jobs = answer.json()["jobs"]
    assert [job["job_id"] for job in jobs] == [second.job_id, first.job_id]
    assert answer.json()["next_cursor"] is None
    assert not {"variables", "result"} & set(jobs[0])
    whole = (await dispatcher.user().get(f"/jobs/{first.job_id}")).json()
    assert {**jobs[1], "variables": {"secret": 1}, "result": None} == whole


async def test_pages_meet_without_gap_or_repeat_while_jobs_are_submitted(dispatcher: Dispatcher) -> None:
    """All are of one millisecond, so that only their ids order them."""
    before = {(await dispatcher.submit()).job_id for _ in range(7)}
    seen, cursor = await page(dispatcher, limit=3)
    while cursor is not None:
        await dispatcher.submit()
        more, cursor = await page(dispatcher, limit=3, cursor=cursor)
        seen += more
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


async def test_a_last_full_page_has_no_cursor(dispatcher: Dispatcher) -> None:
    for _ in range(2):
        await dispatcher.submit()
    jobs, cursor = await page(dispatcher, limit=2)
    assert (len(jobs), cursor) == (2, None)


async def test_filters_narrow_the_list_alone_and_together(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    failed = (await dead(dispatcher, robot)).job_id
    clock.advance(ms=1)
    running = (await held(dispatcher, robot, workflow_id="workflow-2"))["job_id"]
    clock.advance(ms=1)
    waiting = (await dispatcher.submit(requirements=Requirements(environment="staging"))).job_id
    assert (await page(dispatcher, status="failed"))[0] == [failed]
    assert (await page(dispatcher, robot_id="r1"))[0] == [running, failed]
    assert (await page(dispatcher, environment="staging"))[0] == [waiting]
    assert (await page(dispatcher, environment="default"))[0] == [running, failed]
    assert (await page(dispatcher, workflow_id="workflow-2", robot_id="r1", status="claimed"))[0] == [running]
    assert (await page(dispatcher, workflow_id="workflow-2", environment="staging"))[0] == []
    first, cursor = await page(dispatcher, robot_id="r1", limit=1)
    assert (first, await page(dispatcher, robot_id="r1", cursor=cursor)) == ([running], ([failed], None))


async def test_another_tenant_sees_nothing_and_cannot_use_a_foreign_cursor(dispatcher: Dispatcher) -> None:
    for _ in range(2):
        await dispatcher.submit()
    _, cursor = await page(dispatcher, limit=1)
    assert await page(dispatcher, "elsewhere") == ([], None)
    answer = await dispatcher.user(tenant="elsewhere").get("/jobs", cursor=cursor)
    assert answer.status_code == 400


def encoded(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 501},
        {"status": "queued"},
        {"workflow_id": ""},
        {"robot_id": "r\n"},
        {"environment": "e" * 201},
        {"cursor": ""},
        {"cursor": "x"},
        {"cursor": "äöü"},
        {"cursor": encoded("default|") + "="},
        {"cursor": encoded("default|")},
        {"cursor": encoded("default|1|job")},
        {"cursor": encoded("default|00000000000001|")},
        {"cursor": encoded("default|00000000000001|a|b")},
        {"cursor": encoded("other|00000000000001|job")},
    ],
    ids=str,
)
async def test_bad_queries_are_refused_by_name(dispatcher: Dispatcher, query: dict[str, Any]) -> None:
    answer = await dispatcher.user().get("/jobs", **query)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == list(query)


async def test_robots_and_strangers_may_not_list(dispatcher: Dispatcher) -> None:
    assert (await dispatcher.robot().get("/jobs")).status_code == 403
    assert (await dispatcher.nobody().get("/jobs")).status_code == 401
