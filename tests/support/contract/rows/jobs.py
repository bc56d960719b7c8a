"""Jobs as users have them (contract, "Job Endpoints"; beyond.md, "Also needed")."""

from typing import Any, Final

from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import FLAG, INTEGER, OBJECT, TEXT, TIME, UUID, Maybe, one_of

STATUS: Final = one_of("pending", "claimed", "running", "completed", "failed", "cancelled", "timeout")
SUBMITTED: Final = {
    "job_id": TEXT,
    "workflow_id": UUID,
    "workflow_version": INTEGER,
    "status": "pending",
    "created_at": TIME,
}
SUMMARY: Final = {
    "job_id": TEXT,
    "workflow_id": UUID,
    "workflow_name": TEXT,
    "status": STATUS,
    "priority": INTEGER,
    "environment": TEXT,
    "robot_id": Maybe(TEXT),
    "attempt": INTEGER,
    "progress": INTEGER,
    "created_at": TIME,
    "started_at": Maybe(TIME),
    "completed_at": Maybe(TIME),
}
JOB: Final = {
    **SUMMARY,
    "variables": OBJECT,
    "result": Maybe(OBJECT),
    "required_capabilities": [TEXT],
    "required_tags": [TEXT],
    "timeout_seconds": INTEGER,
    "max_attempts": INTEGER,
}
RUN: Final[dict[str, Any]] = {
    "workflow_id": "{workflow}",
    "environment": "nobody-{mark}",
    "variables": {"month": "2025-01"},
    "priority": 5,
    "required_capabilities": ["browser"],
    "required_tags": ["invoice-processing"],
    "timeout_seconds": 600,
    "max_attempts": 2,
}
LABELS: Final[list[Any]] = ["browser", ["x"] * 101, [""], ["x" * 129], [7], {"a": 1}]
DEAD: Final = {
    "job_id": TEXT,
    "workflow_id": UUID,
    "reason": one_of("attempts_exhausted", "not_retryable", "timeout", "deadline"),
    "error_message": Maybe(TEXT),
    "error_type": Maybe(TEXT),
}
RETRIED: Final = {"original_job_id": TEXT, "new_job_id": TEXT, "job_id": TEXT, "message": TEXT}
LOG_LINE: Final = {"timestamp": TIME, "level": TEXT, "message": TEXT, "node_id": Maybe(TEXT)}
LIMIT_500: Final = Values("limit", good=[1, 500], bad=[0, 501, "many"])
CURSOR: Final = Values("cursor", bad=["not-a-cursor", "%00"])


def _unknown(path: str) -> tuple[Refusal, ...]:
    """No such job, and an id that is too long to be one (65 characters; 64 are looked up)."""
    return (
        Refusal(404, "JOB_NOT_FOUND", "there is no such job", path=path.format(job="{unknown}")),
        Refusal(404, "JOB_NOT_FOUND", "an id of 64 characters is looked up", path=path.format(job="x" * 64)),
        Refusal(400, "INVALID_INPUT", "the id has 65 characters", path=path.format(job="x" * 65)),
    )


JOBS: Final = (
    Endpoint(
        "POST",
        "/jobs",
        "beyond",
        "operator",
        60,
        SUBMITTED,
        who="operator",
        body=RUN,
        fields=[
            Values("workflow_id", bad=["not-a-uuid", 7, None]),
            Values("version", good=[1, None], bad=[0, "first"]),
            Values("variables", good=[{}], bad=[[], "text", 7]),
            Values("priority", good=[0, 20], bad=[-1, 21, "10", 1.5]),
            Values("environment", good=["x" * 64], bad=["", "x" * 65, 7]),
            Values("required_capabilities", good=[[]], bad=LABELS[:2], names="required_capabilities"),
            Values("required_tags", good=[["x"] * 100], bad=LABELS[:2]),
            Values("robot_id", good=["robot-001", None], bad=["", "x" * 65, 7]),
            Values("run_at", good=["{tomorrow}", None], bad=["tomorrow", "2030-01-01T00:00:00", {}]),
            Values("timeout_seconds", good=[1, 86_400], bad=[0, "long"]),
            Values("max_attempts", good=[1, 20], bad=[0, 21]),
        ],
        refusals=[
            Refusal(404, "WORKFLOW_NOT_FOUND", "there is no such workflow", body={**RUN, "workflow_id": "{unknown}"}),
            Refusal(404, "WORKFLOW_VERSION_NOT_FOUND", "there is no such version", body={**RUN, "version": 99}),
            Refusal(400, "INVALID_INPUT", "no workflow is named", body={}),
        ],
    ),
    Endpoint(
        "POST",
        "/jobs/batch",
        "beyond",
        "operator",
        60,
        {"jobs": [SUBMITTED], "count": 2},
        who="operator",
        body={"jobs": [RUN, {**RUN, "priority": 0}]},
        refusals=[
            Refusal(400, "INVALID_INPUT", "it is empty", body={"jobs": []}),
            Refusal(400, "INVALID_INPUT", "one of them is wrong", body={"jobs": [RUN, {**RUN, "priority": 21}]}),
            Refusal(404, "WORKFLOW_NOT_FOUND", "one is unknown", body={"jobs": [RUN, {"workflow_id": "{unknown}"}]}),
        ],
        note="All are checked before any is stored; at most 1,000.",
    ),
    Endpoint(
        "GET",
        "/jobs",
        "beyond",
        "viewer",
        100,
        {"jobs": [SUMMARY], "next_cursor": Maybe(TEXT)},
        who="viewer",
        query={"workflow_id": "{workflow}"},
        parameters=[
            LIMIT_500,
            CURSOR,
            Values("status", good=["pending", "timeout"], bad=["lost", ""]),
            Values("environment", good=["nobody-{mark}"], bad=["", "x" * 201]),
            Values("robot_id", good=["{robot}"]),
        ],
    ),
    Endpoint("GET", "/jobs/{pending}", "beyond", "viewer", 200, JOB, who="viewer", refusals=_unknown("/jobs/{job}")),
    Endpoint(
        "GET",
        "/jobs/{pending}/explain",
        "beyond",
        "viewer",
        200,
        {"job_id": TEXT, "status": "pending", "reasons": [{"code": TEXT, "message": TEXT}]},
        who="viewer",
        refusals=_unknown("/jobs/{job}/explain"),
    ),
    Endpoint(
        "GET",
        "/jobs/{logged}/logs",
        "beyond",
        "viewer",
        200,
        {"job_id": TEXT, "logs": [LOG_LINE], "next_cursor": Maybe(TEXT), "truncated": FLAG},
        who="viewer",
        parameters=[
            Values("limit", good=[1, 1000], bad=[0, 1001, "x"]),
            CURSOR,
            Values("level", good=["debug", "error"], bad=["loud"]),
            Values("search", good=["portal"], bad=["x" * 201]),
            Values("node_id", good=["node-1"]),
            Values("order", good=["asc", "desc"], bad=["random"]),
        ],
        refusals=_unknown("/jobs/{job}/logs"),
    ),
    Endpoint(
        "POST",
        "/jobs/{held}/logs",
        "beyond",
        "robot or operator",
        600,
        {"job_id": TEXT, "accepted": 1, "dropped": 0},
        who="robot",
        body={"logs": [{"level": "info", "message": "Opening the portal", "node_id": "node-1"}]},
        fields=[
            Values("logs", bad=[[], "text", [{}], [{"level": "loud", "message": "x"}]]),
        ],
        refusals=[Refusal(404, "JOB_NOT_FOUND", "there is no such job", path="/jobs/{unknown}/logs")],
        foreign_robot=409,
    ),
    Endpoint(
        "POST",
        "/jobs/{pending}/cancel",
        "contract",
        "operator",
        60,
        {"job_id": TEXT, "cancelled": True, "previous_status": "pending", "message": "Job cancelled successfully"},
        who="operator",
        refusals=_unknown("/jobs/{job}/cancel"),
        once=True,
        note="A job that has ended is answered 200 with `cancelled: false`.",
    ),
    Endpoint(
        "POST",
        "/jobs/{failed}/retry",
        "contract",
        "operator",
        30,
        {**RETRIED, "message": "Job queued for retry"},
        who="operator",
        refusals=[
            *_unknown("/jobs/{job}/retry"),
            Refusal(400, "JOB_NOT_RETRYABLE", "it has not ended", path="/jobs/{pending}/retry"),
            Refusal(400, "JOB_NOT_RETRYABLE", "it completed", path="/jobs/{completed}/retry"),
        ],
    ),
    Endpoint(
        "GET",
        "/dlq",
        "beyond",
        "viewer",
        100,
        {"entries": [DEAD], "next_cursor": Maybe(TEXT)},
        who="viewer",
        query={"workflow_id": "{workflow}"},
        parameters=[LIMIT_500, CURSOR],
    ),
    Endpoint(
        "GET",
        "/dlq/stats",
        "beyond",
        "viewer",
        100,
        {"total": INTEGER, "by_reason": OBJECT, "by_error_type": OBJECT},
        who="viewer",
    ),
    Endpoint(
        "POST",
        "/dlq/{dead}/retry",
        "beyond",
        "operator",
        60,
        RETRIED,
        who="operator",
        refusals=[Refusal(404, "DEAD_LETTER_NOT_FOUND", "there is no such entry", path="/dlq/{unknown}/retry")],
        once=True,
    ),
    Endpoint(
        "DELETE",
        "/dlq/{dead}",
        "beyond",
        "operator",
        60,
        {"deleted": True, "id": TEXT},
        who="operator",
        refusals=[Refusal(404, "DEAD_LETTER_NOT_FOUND", "there is no such entry", path="/dlq/{unknown}")],
        once=True,
    ),
    Endpoint(
        "POST",
        "/dlq/purge",
        "beyond",
        "admin",
        60,
        {"purged": INTEGER},
        who="admin",
        query={"older_than_days": 3650},
        parameters=[Values("older_than_days", good=[3650], bad=[-1, 3651, "old"])],
    ),
)
