"""Logins, keys, workflows, schedules and questions to metrics with input that breaks a rule."""

from typing import Any, Final

import pytest

from tests.support.bad_input import Bad, Who, invalid, stage_on
from tests.support.system import System

pytestmark = pytest.mark.timeout(90)

NUL: Final = "a\x00b"
NOT_UUIDS: Final = ("1", "not-a-uuid", "550e8400e29b41d4a716446655440000", "x" * 500)


def _invalid(path: str, body: dict[str, Any], who: Who = "admin", /, **wrong: list[Any]) -> list[Bad]:
    """The body with each wrong value of each field."""
    rows = (invalid("POST", path, body, name, *values, who=who) for name, values in wrong.items())
    return [row for of_one_field in rows for row in of_one_field]


def _nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


async def test_a_login_or_refresh_that_breaks_a_rule_opens_no_session(system: System) -> None:
    login, refresh = "/auth/login", "/auth/refresh"
    known: dict[str, Any] = {"username": "admin", "password": "wrong"}
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *_invalid(
                    login,
                    known,
                    "nobody",
                    username=["", "x" * 129, NUL, 7, None],
                    password=["", "x" * 1025, NUL, 7, None],
                    tenant_id=["", "x" * 65, NUL, 7],
                ),
                Bad("POST", login, 400, "INVALID_INPUT", {}, who="nobody", names="username"),
                Bad("POST", login, 401, "INVALID_CREDENTIALS", known, who="nobody"),
                Bad("POST", login, 401, "INVALID_CREDENTIALS", {**known, "username": "nobody"}, who="nobody"),
                Bad("POST", login, 401, "INVALID_CREDENTIALS", {**known, "tenant_id": "elsewhere"}, who="nobody"),
                *_invalid(refresh, {}, "nobody", refresh_token=["", "x" * 4097, NUL, 7, None]),
                Bad("POST", refresh, 400, "INVALID_INPUT", {}, who="nobody", names="refresh_token"),
                Bad("POST", refresh, 401, "INVALID_REFRESH_TOKEN", {"refresh_token": "made-up"}, who="nobody"),
                Bad("POST", refresh, 400, "WRONG_TOKEN_TYPE", {"refresh_token": system.access_token}, who="nobody"),
            ]
        )


async def test_a_key_that_breaks_a_rule_is_not_created(system: System) -> None:
    path = "/robot-api-keys"
    past, naive = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00"
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad("POST", path, 400, "INVALID_INPUT", {}, names="name"),
                *_invalid(
                    path,
                    {"name": "key"},
                    name=["", "x" * 129, NUL, 7, None],
                    robot_id=["", "x" * 65, NUL, 7],
                    description=["x" * 513, NUL, 7],
                    environment=["", "x" * 65, NUL, 7],
                    expires_at=["tomorrow", naive, past, {}],
                    rolse=[["admin"]],
                ),
                Bad("POST", f"{path}/nobody/revoke", 404, "API_KEY_NOT_FOUND"),
                Bad("GET", f"{path}?limit=0", 400, "INVALID_INPUT", names="limit"),
                Bad("GET", f"{path}?limit=501", 400, "INVALID_INPUT", names="limit"),
                Bad("GET", f"{path}?offset=-1", 400, "INVALID_INPUT", names="offset"),
                Bad("GET", f"{path}?robot_id={'x' * 65}", 400, "INVALID_INPUT", names="robot_id"),
            ]
        )


async def test_a_workflow_that_breaks_a_rule_is_not_stored(system: System) -> None:
    path = "/workflows"
    without_json: dict[str, Any] = {"workflow_name": "bad"}
    without_name: dict[str, Any] = {"workflow_json": {"nodes": {}}}
    whole = {**without_json, **without_name}
    too_many: dict[str, Any] = {"nodes": {str(number): {} for number in range(1001)}}
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad("POST", path, 400, "INVALID_INPUT", without_json, names="workflow_json"),
                Bad("POST", path, 400, "INVALID_INPUT", without_name, names="workflow_name"),
                *_invalid(
                    path,
                    whole,
                    workflow_name=["", "x" * 256, NUL, 7, None],
                    workflow_json=[[], "{}", 7, None],
                    trigger_type=["sometimes", "", 7, None],
                    execution_mode=["moon", "", 7, None],
                    priority=[-1, 21, 1.5, "10", True, None],
                    metadata=[[], "text", 7],
                    schedule_cron=[7],
                ),
                *_invalid(path, {**whole, "trigger_type": "scheduled"}, schedule_cron=[None, ""]),
                *(
                    Bad("POST", path, 400, "INVALID_WORKFLOW", {**without_json, "workflow_json": document})
                    for document in ({}, {"nodes": 7}, {"nodes": None}, too_many, {"nodes": [_nested(70)]})
                ),
                *(
                    Bad("POST", path, 400, "INVALID_WORKFLOW", {**whole, "metadata": metadata})
                    for metadata in (_nested(70), {"description": "d", "much": "x" * 70_000})
                ),
                *(
                    Bad(
                        "POST", path, 400, "INVALID_CRON", {**whole, "trigger_type": "scheduled", "schedule_cron": cron}
                    )
                    for cron in ("soon", "* * * *", "60 * * * *", "0 0 30 2 *")
                ),
                *(Bad("GET", f"{path}/{each}", 400, "INVALID_INPUT", names="workflow_id") for each in NOT_UUIDS),
                Bad("GET", f"{path}/{{unknown}}", 404, "WORKFLOW_NOT_FOUND"),
                *(
                    Bad("POST", path, 400, "INVALID_INPUT", whole, headers={"Idempotency-Key": key})
                    for key in ("", "x" * 256)
                ),
            ]
        )


async def test_a_workflow_over_fifty_megabytes_is_not_stored(system: System) -> None:
    body = b'{"workflow_name": "large", "workflow_json": {"nodes": {}, "x": "' + b"x" * (51 * 1024 * 1024) + b'"}}'
    beyond = b'{"workflow_name": "' + b"x" * 60_000_001 + b'"}'
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad("POST", "/workflows", 413, "WORKFLOW_TOO_LARGE", raw=body),
                Bad("POST", "/workflows", 413, "BODY_TOO_LARGE", raw=beyond),
            ]
        )


async def test_a_schedule_that_breaks_a_rule_is_not_stored(system: System) -> None:
    path = "/schedules"
    whole: dict[str, Any] = {"workflow_id": "{workflow}", "schedule_name": "bad", "cron_expression": "@hourly"}
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *(
                    Bad("POST", path, 400, "INVALID_INPUT", {k: v for k, v in whole.items() if k != name}, names=name)
                    for name in whole
                ),
                *_invalid(
                    path,
                    whole,
                    workflow_id=[*NOT_UUIDS, 7, None],
                    schedule_name=["", "x" * 256, NUL, 7, None],
                    enabled=["yes", 1, None],
                    priority=[-1, 21, "10", 1.5, None],
                    execution_mode=["moon", None],
                    misfire_policy=["later", None],
                    overlap_policy=["never", None],
                    metadata=[[], "text", _nested(70), {"much": "x" * 70_000}],
                ),
                *(
                    Bad("POST", path, 400, "INVALID_CRON", {**whole, "cron_expression": cron})
                    for cron in (
                        "",
                        "soon",
                        "* * * *",
                        "* * * * * *",
                        "60 * * * *",
                        "@often",
                        "0 0 30 2 *",
                        NUL,
                        "9" * 999,
                    )
                ),
                *(
                    Bad("POST", path, 400, "INVALID_TIMEZONE", {**whole, "timezone": zone})
                    for zone in ("", "Mars/Olympus", "../etc/passwd", NUL)
                ),
                Bad("POST", path, 404, "WORKFLOW_NOT_FOUND", {**whole, "workflow_id": "{unknown}"}),
                *(Bad("GET", f"{path}/{each}", 400, "INVALID_INPUT", names="schedule_id") for each in NOT_UUIDS),
                Bad("GET", f"{path}/{{unknown}}", 404, "SCHEDULE_NOT_FOUND"),
                *(
                    Bad("PUT", f"{path}/{each}/{verb}", status, code)
                    for verb in ("enable", "disable")
                    for each, status, code in (("1", 400, "INVALID_INPUT"), ("{unknown}", 404, "SCHEDULE_NOT_FOUND"))
                ),
                *(
                    Bad("GET", f"{route}?{query}", 400, "INVALID_INPUT", names=query.partition("=")[0])
                    for route in (path, f"{path}/upcoming")
                    for query in ("limit=0", "limit=1001", "limit=x", "workflow_id=1")
                ),
                Bad("GET", f"{path}?enabled=perhaps", 400, "INVALID_INPUT", names="enabled"),
            ]
        )


async def test_questions_to_metrics_that_break_a_rule_are_invalid(system: System) -> None:
    queries = {
        "/metrics/robots": ["status=asleep"],
        "/metrics/jobs": ["limit=0", "limit=501", "status=lost", "workflow_id=", "robot_id=%00"],
        "/metrics/activity": ["limit=0", "limit=201", "since=yesterday", "event_type=", "event_type=%27"],
        "/metrics/prometheus": ["environment=", "environment=%22%7D", f"environment={'x' * 65}"],
    }
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *(
                    Bad("GET", f"{path}?{query}", 400, "INVALID_INPUT", names=query.partition("=")[0])
                    for path, each in queries.items()
                    for query in each
                ),
                Bad("GET", "/metrics/robots/never-seen", 404, "ROBOT_NOT_FOUND"),
                Bad("GET", "/metrics/robots/{other_robot}", 404, "ROBOT_NOT_FOUND", who="robot"),
                Bad("GET", "/metrics/jobs/{unknown}", 404, "JOB_NOT_FOUND"),
            ]
        )
