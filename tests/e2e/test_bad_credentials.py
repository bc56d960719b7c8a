"""Credentials that are missing, made up, expired, revoked, or not for this."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import pytest

from tests.support.api import API, Api
from tests.support.bad_input import Bad, stage_on
from tests.support.eventually import eventually
from tests.support.forged_tokens import token_like
from tests.support.system import System

pytestmark = pytest.mark.timeout(90)

ROUTES: Final = [
    ("POST", "/auth/logout"),
    ("GET", "/auth/me"),
    ("POST", "/robot-api-keys"),
    ("GET", "/robot-api-keys"),
    ("POST", "/robot-api-keys/{key}/revoke"),
    ("POST", "/workflows"),
    ("GET", "/workflows/{workflow}"),
    ("POST", "/robots/register"),
    ("GET", "/robots"),
    ("GET", "/robots/{robot}"),
    ("PUT", "/robots/{robot}"),
    ("PUT", "/robots/{robot}/status"),
    ("POST", "/robots/{robot}/heartbeat"),
    ("POST", "/jobs/claim"),
    ("PUT", "/jobs/{held}/progress"),
    ("POST", "/jobs/{held}/complete"),
    ("POST", "/jobs/{held}/fail"),
    ("POST", "/jobs/{held}/release"),
    ("POST", "/jobs/{held}/extend-lease"),
    ("POST", "/jobs/{held}/cancel"),
    ("GET", "/jobs/{held}"),
    ("POST", "/schedules"),
    ("GET", "/schedules"),
    ("GET", "/schedules/upcoming"),
    ("GET", "/schedules/{schedule}"),
    ("PUT", "/schedules/{schedule}/enable"),
    ("PUT", "/schedules/{schedule}/disable"),
    ("GET", "/metrics/fleet"),
    ("GET", "/metrics/robots"),
    ("GET", "/metrics/robots/{robot}"),
    ("GET", "/metrics/jobs"),
    ("GET", "/metrics/jobs/{held}"),
    ("GET", "/metrics/activity"),
]
"""Every route that needs a credential."""

FOR_DEVELOPERS: Final = {("POST", "/workflows"), ("POST", "/schedules")}
FOR_OPERATORS: Final = {
    ("POST", "/jobs/{held}/cancel"),
    ("PUT", "/jobs/{held}/progress"),
    ("PUT", "/robots/{robot}"),
    ("PUT", "/robots/{robot}/status"),
    ("PUT", "/schedules/{schedule}/enable"),
    ("PUT", "/schedules/{schedule}/disable"),
}
FOR_ADMINS: Final = {route for route in ROUTES if route[1].startswith("/robot-api-keys")}
FOR_ROBOTS: Final = {
    ("POST", "/robots/register"),
    ("POST", "/robots/{robot}/heartbeat"),
    ("POST", "/jobs/claim"),
    *(("POST", f"/jobs/{{held}}/{verb}") for verb in ("complete", "fail", "release", "extend-lease")),
}
FOR_ROBOTS_TOO: Final = {
    ("PUT", "/jobs/{held}/progress"),
    ("PUT", "/robots/{robot}/status"),
    ("GET", "/metrics/robots/{robot}"),
}


async def test_the_routes_tested_here_are_all_there_are(system: System) -> None:
    async with Api(system.base_url) as anyone:
        paths = json.loads(await anyone.page("/openapi.json"))["paths"]
    documented = {
        (method.upper(), _template(path.removeprefix(API)))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if operation["x-permission"] != "public"
    }
    assert documented == {(method, _template(path)) for method, path in ROUTES}


async def test_each_route_needs_a_credential(system: System) -> None:
    async with stage_on(system) as stage:
        await stage.refuses([Bad(*route, 401, "CREDENTIAL_MISSING", who="nobody") for route in ROUTES])


async def test_each_route_needs_the_permission_it_is_for(system: System) -> None:
    not_for_viewers = FOR_OPERATORS | FOR_DEVELOPERS | FOR_ADMINS | FOR_ROBOTS
    not_for_operators = FOR_DEVELOPERS | FOR_ADMINS | FOR_ROBOTS
    not_for_robots = set(ROUTES) - FOR_ROBOTS - FOR_ROBOTS_TOO
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *(Bad(*route, 403, "FORBIDDEN", who="viewer") for route in sorted(not_for_viewers)),
                *(Bad(*route, 403, "FORBIDDEN", who="operator") for route in sorted(not_for_operators)),
                *(Bad(*route, 403, "FORBIDDEN", who="admin") for route in sorted(FOR_ROBOTS)),
                *(Bad(*route, 403, "FORBIDDEN", who="robot") for route in sorted(not_for_robots)),
            ]
        )


async def test_made_up_credentials_are_told_from_each_other_and_refused(system: System) -> None:
    genuine = system.access_token
    head, payload, _ = genuine.split(".")
    others_signature = token_like(genuine, sub="somebody").rpartition(".")[2]
    in_the_past = int(time.time()) - 10
    tokens = [
        ("made-up", "CREDENTIAL_MALFORMED"),
        ("a.b.c", "CREDENTIAL_MALFORMED"),
        (f"{head}.{payload}.", "CREDENTIAL_INVALID"),
        (f"{head}.{payload}.{others_signature}", "CREDENTIAL_INVALID"),
        (token_like(genuine, seed=bytes(32)), "CREDENTIAL_INVALID"),
        (token_like(genuine, exp=in_the_past), "CREDENTIAL_EXPIRED"),
        (token_like(genuine, iss="somebody"), "CREDENTIAL_INVALID"),
        (token_like(genuine, aud="casare-refresh", typ="refresh"), "CREDENTIAL_INVALID"),
        (token_like(genuine, roles=["emperor"]), "CREDENTIAL_INVALID"),
        ("crpa_made_up", "CREDENTIAL_MALFORMED"),
        (f"crpa_nobody_{'0' * 64}", "CREDENTIAL_INVALID"),
        ("x" * 20_000, "CREDENTIAL_MALFORMED"),
    ]
    keys = [("", "CREDENTIAL_MALFORMED"), (genuine, "CREDENTIAL_MALFORMED"), ("crpa_", "CREDENTIAL_MALFORMED")]
    schemes = ["Basic YWRtaW46YWRtaW4=", "Bearer", genuine]
    paths = ["/auth/me", "/robots"]
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *(_as(path, {"Authorization": f"Bearer {token}"}, code) for path in paths for token, code in tokens),
                *(_as(path, {"X-Api-Key": key}, code) for path in paths for key, code in keys),
                *(_as(path, {"Authorization": each}, "CREDENTIAL_MALFORMED") for path in paths for each in schemes),
            ]
        )


async def test_a_key_ends_with_its_time_and_with_its_revocation(system: System) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    expiring = await system.admin.create_key("short-lived", expires_at=soon)
    revoked = await system.admin.create_key("revoked", robot_id="leaver")
    listed = await system.admin.call("GET", "/robot-api-keys", params={"robot_id": "leaver"})
    async with (
        Api(system.base_url, {"X-Api-Key": expiring}) as late,
        Api(system.base_url, {"X-Api-Key": revoked}) as leaver,
    ):
        for api in (late, leaver):
            assert (await api.request("GET", "/metrics/robots/unregistered")).status_code == 404
        await system.admin.call("POST", f"/robot-api-keys/{listed['keys'][0]['id']}/revoke")
        for api in (late, leaver):
            await eventually(partial(_is_refused, api), timeout_seconds=10)


async def test_another_tenants_things_do_not_exist(system: System) -> None:
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad("GET", "/workflows/{workflow}", 404, "WORKFLOW_NOT_FOUND", who="elsewhere"),
                Bad("GET", "/jobs/{held}", 404, "JOB_NOT_FOUND", who="elsewhere"),
                Bad("POST", "/jobs/{held}/cancel", 404, "JOB_NOT_FOUND", who="elsewhere"),
                Bad("PUT", "/jobs/{held}/progress", 404, "JOB_NOT_FOUND", {"progress": 1}, who="elsewhere"),
                Bad("GET", "/robots/{robot}", 404, "ROBOT_NOT_FOUND", who="elsewhere"),
                Bad("GET", "/schedules/{schedule}", 404, "SCHEDULE_NOT_FOUND", who="elsewhere"),
                Bad("PUT", "/schedules/{schedule}/enable", 404, "SCHEDULE_NOT_FOUND", who="elsewhere"),
                Bad("PUT", "/schedules/{schedule}/disable", 404, "SCHEDULE_NOT_FOUND", who="elsewhere"),
                Bad("POST", "/robot-api-keys/{key}/revoke", 404, "API_KEY_NOT_FOUND", who="elsewhere"),
                Bad("GET", "/metrics/robots/{robot}", 404, "ROBOT_NOT_FOUND", who="elsewhere"),
                Bad("GET", "/metrics/jobs/{held}", 404, "JOB_NOT_FOUND", who="elsewhere"),
                Bad(
                    "POST",
                    "/schedules",
                    404,
                    "WORKFLOW_NOT_FOUND",
                    {"workflow_id": "{workflow}", "schedule_name": "theirs", "cron_expression": "@hourly"},
                    who="elsewhere",
                ),
            ]
        )
        elsewhere = stage.clients["elsewhere"]
        assert (await elsewhere.call("GET", "/robots"))["total"] == 0
        assert await elsewhere.call("GET", "/schedules") == []
        assert await elsewhere.call("GET", "/metrics/jobs") == []
        assert (await elsewhere.call("GET", "/metrics/activity"))["total"] == 0
        assert (await elsewhere.call("GET", "/robot-api-keys"))["total"] == 0
        assert (await elsewhere.call("GET", "/metrics/fleet"))["total_robots"] == 0


def _template(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def _as(path: str, headers: dict[str, str], code: str) -> Bad:
    return Bad("GET", path, 401, code, who="nobody", headers=headers)


async def _is_refused(api: Api) -> bool:
    answer = await api.request("GET", "/metrics/robots/unregistered")
    return answer.status_code == 401 and answer.json()["code"] == "CREDENTIAL_INVALID"
