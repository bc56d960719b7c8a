"""Calls of robots, and about jobs and robots, with input that breaks a rule."""

from typing import Any, Final

import pytest

from tests.support.bad_input import Bad, invalid, stage_on
from tests.support.system import System

pytestmark = pytest.mark.timeout(90)

NUL: Final = "a\x00b"
REPORTS: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("PUT", "progress", {"progress": 1}),
    ("POST", "complete", {}),
    ("POST", "fail", {"error_message": "no"}),
    ("POST", "release", {}),
    ("POST", "extend-lease", {}),
]


def _each(method: str, path: str, body: dict[str, Any], wrong: dict[str, list[Any]]) -> list[Bad]:
    """The body with each wrong value of each field, sent by the robot."""
    rows = (invalid(method, path, body, name, *values, who="robot") for name, values in wrong.items())
    return [row for of_one_field in rows for row in of_one_field]


async def test_a_claim_that_breaks_a_rule_claims_nothing(system: System) -> None:
    wrong: dict[str, list[Any]] = {
        "limit": [0, 11, -1, 1.5, "many", None, [1]],
        "visibility_timeout_seconds": [4, 3601, "long", None, {}],
        "wait_seconds": [-1, 31, "x", None],
        "environment": ["", "x" * 65, NUL, 7],
        "robot_id": ["", "x" * 65, NUL, 7],
    }
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *_each("POST", "/jobs/claim", {}, wrong),
                Bad("POST", "/jobs/claim", 400, "INVALID_INPUT", {}, who="enrolment", names="robot_id"),
                Bad("POST", "/jobs/claim", 403, "FOREIGN_ROBOT", {"robot_id": "{other_robot}"}, who="robot"),
                Bad("POST", "/jobs/claim", 404, "ROBOT_NOT_FOUND", {"robot_id": "never-seen"}, who="enrolment"),
            ]
        )


async def test_a_report_that_breaks_a_rule_changes_no_job(system: System) -> None:
    proof: dict[str, list[Any]] = {"attempt": [0, "first"], "lease_token": ["x" * 129, NUL, 7]}
    wrong: dict[str, dict[str, list[Any]]] = {
        "progress": {
            "progress": [-1, 101, 1.5, "half", None],
            "current_node": ["x" * 256, NUL, 7],
            "message": ["x" * 2001, NUL, 7],
        },
        "complete": {"result": [[], "done", 7, None]},
        "fail": {
            "error_message": ["", "x" * 5001, NUL, 7, None],
            "error_type": ["x" * 129, NUL, 7],
            "node_id": ["x" * 256, NUL, 7],
            "retryable": ["perhaps", None],
        },
        "release": {"reason": ["x" * 501, NUL, 7]},
        "extend-lease": {"extension_seconds": [4, 3601, "x", None]},
    }
    async with stage_on(system) as stage:
        for method, verb, body in REPORTS:
            await stage.refuses(_each(method, f"/jobs/{{held}}/{verb}", body, {**wrong[verb], **proof}))
        await stage.refuses(
            [
                Bad("PUT", "/jobs/{held}/progress", 400, "INVALID_INPUT", {}, who="robot", names="progress"),
                Bad("POST", "/jobs/{held}/fail", 400, "INVALID_INPUT", {}, who="robot", names="error_message"),
            ]
        )


async def test_a_report_by_another_than_the_holder_changes_no_job(system: System) -> None:
    async with stage_on(system) as stage:
        for method, verb, body in REPORTS:
            path = f"/jobs/{{held}}/{verb}"
            wrong_proofs: list[dict[str, Any]] = [{"lease_token": "0" * 32}, {"attempt": 2}]
            await stage.refuses(
                [
                    Bad(method, path, 409, "JOB_NOT_HELD", body, who="other_robot"),
                    *(Bad(method, path, 409, "JOB_NOT_HELD", {**body, **proof}, who="robot") for proof in wrong_proofs),
                    Bad(method, path, 409, "JOB_NOT_HELD", body, who="robot", headers={"X-Lease-Token": "0" * 32}),
                    Bad(method, path, 403, "FORBIDDEN", body, who="enrolment"),
                    Bad(method, f"/jobs/{{waiting}}/{verb}", 409, "JOB_NOT_HELD", body, who="robot"),
                    Bad(method, f"/jobs/{{unknown}}/{verb}", 404, "JOB_NOT_FOUND", body, who="robot"),
                    Bad(method, f"/jobs/{'x' * 65}/{verb}", 400, "INVALID_INPUT", body, who="robot", names="job_id"),
                ]
            )


async def test_a_registration_or_heartbeat_that_breaks_a_rule_changes_no_robot(system: System) -> None:
    whole: dict[str, Any] = {"robot_id": "{robot}", "name": "Robot", "hostname": "here", "environment": "lan"}
    wrong: dict[str, list[Any]] = {
        "robot_id": ["", "x" * 65, NUL, 7, None, "a b", "../x", "-x", "ü"],
        "name": ["", "x" * 129, NUL, 7, None],
        "hostname": ["", "x" * 257, NUL, 7, None],
        "environment": ["", "x" * 65, NUL, 7, None, "a b"],
        "max_concurrent_jobs": [0, 101, 1.5, "two", None],
        "capabilities": ["browser", ["x"] * 101, {"a": 1}, None],
        "tags": ["urgent", ["x"] * 101, {"a": 1}, None],
    }
    wrong_labels: list[list[Any]] = [[7], [""], ["x" * 129], [NUL], [None]]
    wrong_measures: dict[str, list[Any]] = {
        "cpu_percent": [-1, 100_001, "warm", [1]],
        "memory_mb": [-1, "much"],
        "memory_percent": [-1, 101],
        "disk_free_gb": [-1],
        "active_jobs": [-1, 10_001, 1.5],
    }
    register = "/robots/register"
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *_each("POST", register, whole, wrong),
                *(
                    Bad("POST", register, 400, "INVALID_INPUT", _without(whole, name), who="robot", names=name)
                    for name in ("robot_id", "name", "hostname")
                ),
                *(
                    Bad("POST", register, 400, "INVALID_INPUT", {**whole, name: labels}, who="robot", names=f"{name}.0")
                    for name in ("capabilities", "tags")
                    for labels in wrong_labels
                ),
                Bad("POST", register, 403, "FOREIGN_ROBOT", {**whole, "robot_id": "{other_robot}"}, who="robot"),
                Bad("POST", register, 403, "FORBIDDEN", {**whole, "environment": "elsewhere"}, who="enrolment"),
                *_each("POST", "/robots/{robot}/heartbeat", {}, wrong_measures),
                Bad("POST", "/robots/{other_robot}/heartbeat", 403, "FOREIGN_ROBOT", {}, who="robot"),
                Bad("POST", "/robots/never-seen/heartbeat", 404, "ROBOT_NOT_FOUND", {}, who="enrolment"),
                Bad("POST", f"/robots/{'x' * 65}/heartbeat", 400, "INVALID_INPUT", {}, who="enrolment"),
            ]
        )


async def test_a_change_of_a_robot_that_breaks_a_rule_changes_none(system: System) -> None:
    wrong: dict[str, list[Any]] = {
        "name": ["", "x" * 129, NUL, 7],
        "hostname": ["", "x" * 257, NUL, 7],
        "environment": ["", "x" * 65, NUL, 7, "a b"],
        "max_concurrent_jobs": [0, 101, 1.5, "two"],
        "capabilities": ["browser", ["x"] * 101, {"a": 1}],
        "tags": ["urgent", ["x"] * 101, {"a": 1}],
    }
    update, status = "/robots/{robot}", "/robots/{robot}/status"
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *(row for name, values in wrong.items() for row in invalid("PUT", update, {}, name, *values)),
                *invalid("PUT", status, {}, "status", "asleep", "", "IDLE", 7, None, ["idle"], who="robot"),
                Bad("PUT", status, 400, "INVALID_INPUT", {}, who="robot", names="status"),
                Bad("PUT", "/robots/{other_robot}/status", 403, "FOREIGN_ROBOT", {"status": "error"}, who="robot"),
                Bad("PUT", "/robots/never-seen", 404, "ROBOT_NOT_FOUND", {"name": "new"}),
                Bad("PUT", "/robots/never-seen/status", 404, "ROBOT_NOT_FOUND", {"status": "error"}),
                Bad("PUT", "/robots/{robot}", 404, "ROBOT_NOT_FOUND", {"name": "new"}, who="elsewhere"),
                Bad("PUT", "/robots/{robot}/status", 404, "ROBOT_NOT_FOUND", {"status": "error"}, who="elsewhere"),
            ]
        )


async def test_questions_about_jobs_and_robots_that_break_a_rule_are_invalid(system: System) -> None:
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                Bad("GET", "/jobs/{unknown}", 404, "JOB_NOT_FOUND"),
                Bad("GET", "/jobs/%20", 404, "JOB_NOT_FOUND"),
                Bad("GET", f"/jobs/{'x' * 65}", 400, "INVALID_INPUT", names="job_id"),
                Bad("POST", "/jobs/{unknown}/cancel", 404, "JOB_NOT_FOUND"),
                Bad("POST", f"/jobs/{'x' * 65}/cancel", 400, "INVALID_INPUT", names="job_id"),
                Bad("GET", "/robots/never-seen", 404, "ROBOT_NOT_FOUND"),
                Bad("GET", f"/robots/{'x' * 65}", 400, "INVALID_INPUT", names="robot_id"),
                *(
                    Bad("GET", f"/robots?{name}={value}", 400, "INVALID_INPUT", names=name)
                    for name, values in {
                        "status": ["asleep", ""],
                        "environment": ["x" * 65],
                        "limit": ["0", "501", "x", "1.5"],
                        "offset": ["-1", "1000001", "x"],
                    }.items()
                    for value in values
                ),
            ]
        )


def _without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in body.items() if each != name}
