"""What is wrong before any service looks at it: paths, methods, and bodies that are no JSON, too large or too deep."""

from typing import Final

import pytest

from tests.support.bad_input import Bad, Who, stage_on
from tests.support.system import System

pytestmark = pytest.mark.timeout(90)

BODIES: Final[list[tuple[str, str, Who]]] = [
    ("POST", "/auth/login", "nobody"),
    ("POST", "/auth/refresh", "nobody"),
    ("POST", "/robot-api-keys", "admin"),
    ("POST", "/workflows", "admin"),
    ("POST", "/robots/register", "robot"),
    ("PUT", "/robots/{robot}", "admin"),
    ("PUT", "/robots/{robot}/status", "robot"),
    ("POST", "/robots/{robot}/heartbeat", "robot"),
    ("POST", "/jobs/claim", "robot"),
    ("PUT", "/jobs/{held}/progress", "robot"),
    ("POST", "/jobs/{held}/complete", "robot"),
    ("POST", "/jobs/{held}/fail", "robot"),
    ("POST", "/jobs/{held}/release", "robot"),
    ("POST", "/jobs/{held}/extend-lease", "robot"),
    ("POST", "/schedules", "admin"),
]
"""Every route that reads a body, and who may send it."""

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
                if path != "/workflows"
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
        "/jobs",
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
        ("GET", "/jobs/claim"),
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
