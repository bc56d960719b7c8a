"""What is wrong before any service looks at it: paths, methods, and bodies that are no JSON, too large or too deep."""

from typing import Any, Final

import pytest

from tests.support.api import Api
from tests.support.bad_input import Bad, stage_on
from tests.support.contract.rows import ENDPOINTS
from tests.support.system import System

pytestmark = pytest.mark.timeout(90)

BODIES: Final[list[tuple[str, str, Any]]] = [
    (row.method, row.path, "admin" if row.who == "session" else row.who)
    for row in ENDPOINTS
    if isinstance(row.body, dict) and row.path != "/webhooks/{webhook_token}"
]
"""Every route that reads JSON, and who may send it. A webhook takes whatever was signed."""
CAP: Final = {("POST", "/workflows"): 60, ("PUT", "/workflows/{workflow}"): 60, ("POST", "/jobs/batch"): 60}
"""Megabytes a body may have, where it is more than one."""

NO_JSON: Final = [
    b"{",
    b"{'single': 'quotes'}",
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1,}',
    b'{"a": "\xff"}',
    b'{"a": "\\ud800"}',
    b'{"a": "line\nbreak"}',
    b"\x00",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a": 1, "a": 2}',
    b'{"a": [{"b": {"c": 1, "c": 1}}]}',
    b'{"a": 1e}',
    b'\xef\xbb\xbf{"a": 1}',
    b'{"a": "\\u00"}',
]
NO_OBJECTS: Final = [b"[]", b'"text"', b"1", b"true"]
MEGABYTE: Final = 1_000_000


async def test_a_body_that_is_no_json_is_invalid_on_each_route(system: System) -> None:
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad(method, path, 400, "INVALID_INPUT", who=who, raw=raw)
                for method, path, who in BODIES
                for raw in NO_JSON + NO_OBJECTS
            ]
        )


async def test_a_body_over_the_cap_is_too_large_on_each_route(system: System) -> None:
    too_much = b'{"a": "' + b"x" * MEGABYTE + b'"}'
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad(method, path, 413, "BODY_TOO_LARGE", who=who, raw=too_much)
                for method, path, who in BODIES
                if (method, path) not in CAP
            ]
        )


async def test_a_compressed_body_is_not_accepted(system: System) -> None:
    packed = {"content-encoding": "gzip"}
    async with stage_on(system) as stage:
        await stage.refuses(
            [Bad("POST", "/workflows", 415, "UNSUPPORTED_MEDIA_TYPE", who="admin", raw=b"\x1f\x8b", headers=packed)]
        )


async def test_a_route_that_does_not_exist_is_not_found(system: System) -> None:
    paths = [
        "",
        "/",
        "/nothing",
        "/workflows/",
        "/workflows/{workflow}/nothing",
        "/dlq/",
        "/jobs/{held}/",
        "/jobs//cancel",
        "/jobs/../auth/me",
        "/jobs/%2e%2e/cancel",
        "/jobs/a%2fb",
        "/jobs/a%5cb",
        "/jobs/a%00b",
        "/jobs/%ff",
        "/schedules/upcoming/more",
        "/../internal/jwks",
        "/internal/revocations",
        "/internal/schedules",
        "//api/v1/auth/me",
        "/AUTH/ME",
    ]
    async with stage_on(system) as stage:
        await stage.refuses([Bad("GET", path, 404, "ROUTE_NOT_FOUND") for path in paths])


async def test_a_method_that_a_route_does_not_have_is_not_allowed(system: System) -> None:
    rows = [
        ("GET", "/auth/login"),
        ("DELETE", "/auth/me"),
        ("PUT", "/workflows"),
        ("POST", "/workflows/{workflow}"),
        ("DELETE", "/jobs/claim"),
        ("PATCH", "/jobs/{held}"),
        ("GET", "/jobs/{held}/cancel"),
        ("POST", "/jobs/{held}/progress"),
        ("POST", "/schedules/upcoming"),
        ("POST", "/schedules/{schedule}/enable"),
        ("DELETE", "/metrics/fleet"),
        ("POST", "/metrics/prometheus"),
        ("PROPFIND", "/auth/me"),
    ]
    async with stage_on(system) as stage:
        await stage.refuses([Bad(method, path, 405, "METHOD_NOT_ALLOWED") for method, path in rows])


async def test_odd_headers_are_refused_or_passed_over(system: System) -> None:
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad("GET", "/jobs/{unknown}", 404, "JOB_NOT_FOUND", headers={"X-Request-ID": "not\tsane"}),
                Bad("GET", "/jobs/{unknown}", 404, "JOB_NOT_FOUND", headers={"traceparent": "00-zero"}),
                Bad("GET", "/jobs/{unknown}", 404, "JOB_NOT_FOUND", headers={"X-Casare-Identity": "forged"}),
                Bad("GET", "/auth/me", 401, "CREDENTIAL_MISSING", who="nobody", headers={"X-Casare-Identity": "x"}),
            ]
        )
        answer = await system.admin.request("GET", "/jobs/nothing", headers={"X-Request-ID": "quoted-id"})
        assert answer.json()["request_id"] == answer.headers["x-request-id"] == "quoted-id"


async def test_a_body_of_another_kind_than_json_is_refused(system: System) -> None:
    kinds = ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data; boundary=x"]
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad(method, path, 400, "INVALID_INPUT", who=who, raw=b"a=1", headers={"content-type": kind})
                for method, path, who in BODIES
                for kind in kinds
            ]
        )


async def test_numbers_beyond_all_measure_are_refused(system: System) -> None:
    huge = b"9" * 400
    fields = [
        b'{"workflow_id": "{workflow}", "priority": %b}' % huge,
        b'{"workflow_id": "{workflow}", "priority": 1e400}',
    ]
    async with stage_on(system) as stage:
        await stage.refuses([Bad("POST", "/jobs", 400, "INVALID_INPUT", raw=raw) for raw in fields])


@pytest.mark.parametrize("name", ["X-Long", "Authorization", "Cookie"])
async def test_headers_beyond_the_servers_bound_are_refused_and_hold_up_nobody(system: System, name: str) -> None:
    async with Api(system.base_url) as api:
        answer = await api.request("GET", "/auth/me", headers={name: "x" * 200_000})
        assert answer.status_code in (400, 401, 431)
    assert (await system.admin.request("GET", "/auth/me")).status_code == 200


async def test_keys_that_mean_something_to_a_store_are_kept_as_text(system: System) -> None:
    odd: dict[str, Any] = {"$set": {"tenant_id": "acme"}, "a.b": 1, "$where": "1", "": {"__proto__": 1}, "_id": "x"}
    stored = await system.submit("Odd keys", {"nodes": {}, **odd}, trigger_type="webhook", metadata=odd)
    read = await system.admin.call("GET", f"/workflows/{stored['workflow_id']}")
    assert read["workflow_json"] == {"nodes": {}, **odd}
    job = await system.admin.call("POST", "/jobs", {"workflow_id": stored["workflow_id"], "variables": odd})
    assert (await system.admin.job(job["job_id"]))["variables"] == odd
    await system.admin.cancel(job["job_id"])
