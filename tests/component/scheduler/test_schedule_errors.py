"""Every documented refusal of the schedule routes, and that nothing is stored by it."""

import asyncio
from typing import Any

import pytest

from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from tests.component.scheduler.service import WORKFLOW_ID, Scheduler, body
from tests.support.service import assert_problem

UNKNOWN_ID = "770e8400-e29b-41d4-a716-446655440002"

INVALID_BODIES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no workflow": ({"workflow_id": None}, "INVALID_INPUT", "workflow_id"),
    "a workflow id that is no UUID": ({"workflow_id": "42"}, "INVALID_INPUT", "workflow_id"),
    "an empty name": ({"schedule_name": ""}, "INVALID_INPUT", "schedule_name"),
    "a name of 256 characters": ({"schedule_name": "n" * 256}, "INVALID_INPUT", "schedule_name"),
    "a name with NUL": ({"schedule_name": "a\0b"}, "INVALID_INPUT", "schedule_name"),
    "a name that is a number": ({"schedule_name": 7}, "INVALID_INPUT", "schedule_name"),
    "no cron expression": ({"cron_expression": None}, "INVALID_INPUT", "cron_expression"),
    "an empty cron expression": ({"cron_expression": ""}, "INVALID_CRON", "cron_expression"),
    "four fields": ({"cron_expression": "* * * *"}, "INVALID_CRON", "cron_expression"),
    "six fields": ({"cron_expression": "0 0 9 * * *"}, "INVALID_CRON", "cron_expression"),
    "minute 60": ({"cron_expression": "60 * * * *"}, "INVALID_CRON", "cron_expression"),
    "a day that never comes": ({"cron_expression": "0 0 31 2 *"}, "INVALID_CRON", "cron_expression"),
    "a very long expression": ({"cron_expression": "0," * 5000 + "0 * * * *"}, "INVALID_CRON", "cron_expression"),
    "an unknown time zone": ({"timezone": "Europe/Atlantis"}, "INVALID_TIMEZONE", "timezone"),
    "a path as time zone": ({"timezone": "../../etc/passwd"}, "INVALID_TIMEZONE", "timezone"),
    "enabled as text": ({"enabled": "yes"}, "INVALID_INPUT", "enabled"),
    "priority -1": ({"priority": -1}, "INVALID_INPUT", "priority"),
    "priority 21": ({"priority": 21}, "INVALID_INPUT", "priority"),
    "priority as text": ({"priority": "10"}, "INVALID_INPUT", "priority"),
    "priority as truth": ({"priority": True}, "INVALID_INPUT", "priority"),
    "a fractional priority": ({"priority": 1.5}, "INVALID_INPUT", "priority"),
    "an unknown mode": ({"execution_mode": "wan"}, "INVALID_INPUT", "execution_mode"),
    "an unknown misfire policy": ({"misfire_policy": "later"}, "INVALID_INPUT", "misfire_policy"),
    "an unknown overlap policy": ({"overlap_policy": "queue"}, "INVALID_INPUT", "overlap_policy"),
    "metadata that is a list": ({"metadata": []}, "INVALID_INPUT", "metadata"),
    "huge metadata": ({"metadata": {"a": "x" * 70_000}}, "INVALID_INPUT", "metadata"),
}


async def assert_nothing_stored(scheduler: Scheduler) -> None:
    assert await scheduler.documents("schedules") == []
    assert await scheduler.documents("idempotency_keys") == []


@pytest.mark.parametrize("case", INVALID_BODIES)
async def test_an_invalid_body_is_refused_by_name(scheduler: Scheduler, case: str) -> None:
    fields, code, field = INVALID_BODIES[case]
    async with scheduler.client() as client:
        response = await client.post("/api/v1/schedules", json=body(**fields), headers={"Idempotency-Key": "k1"})
    problem = assert_problem(response, 400, code)
    assert field in [error["field"] for error in problem["errors"]]
    await assert_nothing_stored(scheduler)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'"text"', b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b"[" * 100_000]
)
async def test_a_body_that_is_no_json_object_is_refused(scheduler: Scheduler, content: bytes) -> None:
    async with scheduler.client() as client:
        response = await client.post("/api/v1/schedules", content=content, headers={"Content-Type": "application/json"})
    assert_problem(response, 400, "INVALID_INPUT")
    await assert_nothing_stored(scheduler)


@pytest.mark.parametrize("n_levels", [200, 600, 900])
async def test_deeply_nested_metadata_never_crash(scheduler: Scheduler, n_levels: int) -> None:
    nested = b'{"a":' * n_levels + b"1" + b"}" * n_levels
    content = b'{"workflow_id":"%s","schedule_name":"n","cron_expression":"@daily","metadata":%s}'
    async with scheduler.client() as client:
        response = await client.post(
            "/api/v1/schedules",
            content=content % (WORKFLOW_ID.encode(), nested),
            headers={"Content-Type": "application/json"},
        )
    assert_problem(response, 400, "INVALID_INPUT")
    await assert_nothing_stored(scheduler)


async def test_a_workflow_that_does_not_exist_cannot_be_scheduled(scheduler: Scheduler) -> None:
    async with scheduler.client() as client:
        response = await client.post("/api/v1/schedules", json=body(workflow_id=UNKNOWN_ID))
    assert_problem(response, 404, "WORKFLOW_NOT_FOUND")
    await assert_nothing_stored(scheduler)


async def test_a_workflow_of_another_tenant_does_not_exist(scheduler: Scheduler) -> None:
    async with scheduler.client(tenant_id="rival") as client:
        response = await client.post("/api/v1/schedules", json=body())
    assert_problem(response, 404, "WORKFLOW_NOT_FOUND")
    await assert_nothing_stored(scheduler)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("", {"limit": 1}),
        ("", {"limit": 1000}),
        ("", {"enabled": "false"}),
        ("/upcoming", {"limit": 1}),
        ("/upcoming", {"limit": 100}),
        ("/upcoming", {"workflow_id": WORKFLOW_ID}),
    ],
)
async def test_a_query_at_its_bounds_is_answered(scheduler: Scheduler, path: str, query: dict[str, Any]) -> None:
    async with scheduler.client(Role.VIEWER) as client:
        response = await client.get(f"/api/v1/schedules{path}", params=query)
    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize(
    "fields",
    [{"priority": 0}, {"priority": 20}, {"schedule_name": "n"}, {"schedule_name": "n" * 255}, {"metadata": None}],
)
async def test_a_body_at_its_bounds_is_taken(scheduler: Scheduler, fields: dict[str, Any]) -> None:
    created = await scheduler.create(**fields)
    assert created["schedule_id"]


async def test_without_a_limit_lists_are_as_long_as_the_contract_says(scheduler: Scheduler) -> None:
    await asyncio.gather(*(scheduler.create() for _ in range(101)))
    async with scheduler.client(Role.VIEWER) as client:
        listed = await client.get("/api/v1/schedules")
        upcoming = await client.get("/api/v1/schedules/upcoming")
    assert (len(listed.json()), len(upcoming.json())) == (100, 20)


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"enabled": "maybe"}, {"workflow_id": "42"}]
)
async def test_an_invalid_list_query_is_refused(scheduler: Scheduler, query: dict[str, Any]) -> None:
    async with scheduler.client() as client:
        response = await client.get("/api/v1/schedules", params=query)
    problem = assert_problem(response, 400, "INVALID_INPUT")
    assert problem["errors"][0]["field"] == next(iter(query))


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"workflow_id": "42"}])
async def test_an_invalid_upcoming_query_is_refused(scheduler: Scheduler, query: dict[str, Any]) -> None:
    async with scheduler.client() as client:
        response = await client.get("/api/v1/schedules/upcoming", params=query)
    assert_problem(response, 400, "INVALID_INPUT")


SINGLE_ROUTES = [("GET", ""), ("PUT", "/enable"), ("PUT", "/disable"), ("PUT", "/trigger"), ("DELETE", "")]


@pytest.mark.parametrize(("method", "suffix"), SINGLE_ROUTES)
async def test_an_unknown_schedule_is_not_found(scheduler: Scheduler, method: str, suffix: str) -> None:
    async with scheduler.client() as client:
        response = await client.request(method, f"/api/v1/schedules/{UNKNOWN_ID}{suffix}")
    assert_problem(response, 404, "SCHEDULE_NOT_FOUND")


@pytest.mark.parametrize(("method", "suffix"), SINGLE_ROUTES)
async def test_a_schedule_id_that_is_no_uuid_is_refused(scheduler: Scheduler, method: str, suffix: str) -> None:
    async with scheduler.client() as client:
        response = await client.request(method, f"/api/v1/schedules/42{suffix}")
    assert_problem(response, 400, "INVALID_INPUT")


@pytest.mark.parametrize(("method", "suffix"), SINGLE_ROUTES)
async def test_a_schedule_of_another_tenant_is_not_found(scheduler: Scheduler, method: str, suffix: str) -> None:
    created = await scheduler.create()
    async with scheduler.client(tenant_id="rival") as client:
        response = await client.request(method, f"/api/v1/schedules/{created['schedule_id']}{suffix}")
        listed = await client.get("/api/v1/schedules")
        upcoming = await client.get("/api/v1/schedules/upcoming")
    assert_problem(response, 404, "SCHEDULE_NOT_FOUND")
    assert listed.json() == upcoming.json() == []
    assert (await scheduler.schedule(created["schedule_id"]))["version"] == 1


ROLES_REFUSED = [
    ("POST", "/api/v1/schedules", Role.OPERATOR),
    ("PUT", f"/api/v1/schedules/{UNKNOWN_ID}/enable", Role.VIEWER),
    ("PUT", f"/api/v1/schedules/{UNKNOWN_ID}/disable", Role.VIEWER),
    ("PUT", f"/api/v1/schedules/{UNKNOWN_ID}/trigger", Role.VIEWER),
    ("DELETE", f"/api/v1/schedules/{UNKNOWN_ID}", Role.OPERATOR),
    ("POST", "/internal/schedules", Role.ADMIN),
    ("POST", "/internal/schedules/preview", Role.ADMIN),
    ("DELETE", f"/internal/workflows/{WORKFLOW_ID}/schedules", Role.ADMIN),
]


@pytest.mark.parametrize(("method", "path", "role"), ROLES_REFUSED)
async def test_a_role_too_low_is_forbidden(scheduler: Scheduler, method: str, path: str, role: Role) -> None:
    async with scheduler.client(role) as client:
        response = await client.request(method, path, json=body())
    assert_problem(response, 403, "FORBIDDEN")
    await assert_nothing_stored(scheduler)


async def test_a_robots_key_reads_no_schedules(scheduler: Scheduler) -> None:
    async with scheduler.client_as(Identity(kind="robot", subject="k1", tenant_id="default")) as client:
        assert_problem(await client.get("/api/v1/schedules"), 403, "FORBIDDEN")


async def test_a_call_without_identity_is_unauthenticated(scheduler: Scheduler) -> None:
    async with scheduler.client_as(None) as client:
        response = await client.get("/api/v1/schedules")
    assert_problem(response, 401, "UNAUTHENTICATED")
    assert "WWW-Authenticate" in response.headers


async def test_a_key_used_with_another_body_conflicts(scheduler: Scheduler) -> None:
    async with scheduler.client() as client:
        await client.post("/api/v1/schedules", json=body(), headers={"Idempotency-Key": "k1"})
        response = await client.post("/api/v1/schedules", json=body(priority=1), headers={"Idempotency-Key": "k1"})
    assert_problem(response, 409, "IDEMPOTENCY_KEY_REUSED")
    assert len(await scheduler.documents("schedules")) == 1
