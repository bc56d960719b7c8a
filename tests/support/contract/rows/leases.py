"""How robots get and report on jobs (contract, "Job Endpoints"; beyond.md, "Robot job endpoints")."""

from typing import Any, Final

from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import FLAG, INTEGER, OBJECT, TEXT, TIME, UUID, Maybe

NUL: Final = "a\x00b"
PROOF: Final = (
    Values("attempt", good=[1, None], bad=[0, "first"]),
    Values("lease_token", good=["{lease}", None], bad=["x" * 129, NUL, 7]),
)
CLAIMED: Final = {
    "job_id": TEXT,
    "workflow_id": UUID,
    "workflow_name": TEXT,
    "workflow_json": TEXT,
    "priority": INTEGER,
    "environment": TEXT,
    "variables": OBJECT,
    "created_at": TIME,
    "claimed_at": TIME,
    "retry_count": INTEGER,
    "max_retries": INTEGER,
    "attempt": INTEGER,
    "lease_token": TEXT,
    "lease_expires_at": TIME,
    "timeout_seconds": INTEGER,
}


def _refusals(verb: str, body: dict[str, Any]) -> tuple[Refusal, ...]:
    path = f"/jobs/{{job}}/{verb}"
    return (
        Refusal(404, "JOB_NOT_FOUND", "there is no such job", path=path.format(job="{unknown}")),
        Refusal(400, "INVALID_INPUT", "the id has 65 characters", path=path.format(job="x" * 65)),
        Refusal(409, "JOB_NOT_HELD", "nobody holds it", path=path.format(job="{pending}")),
        Refusal(409, "JOB_NOT_HELD", "the lease is another's", body={**body, "lease_token": "0" * 32}),
        Refusal(409, "JOB_NOT_HELD", "the lease in the header is another's", headers={"X-Lease-Token": "0" * 32}),
        Refusal(409, "JOB_NOT_HELD", "the attempt is another", body={**body, "attempt": 2}),
        Refusal(409, "JOB_NOT_HELD", "it is held by another robot", who="other_robot"),
    )


LEASES: Final = (
    Endpoint(
        "POST",
        "/jobs/claim",
        "beyond",
        "robot",
        120,
        Maybe({**CLAIMED, "jobs": [CLAIMED]}),
        who="robot",
        body={"limit": 1, "visibility_timeout_seconds": 30},
        fields=[
            Values("limit", good=[1, 10], bad=[0, 11, -1, 1.5, "many", None, [1]]),
            Values("visibility_timeout_seconds", good=[5, 3600], bad=[4, 3601, "long", None, {}]),
            Values("wait_seconds", good=[0, 0.05], bad=[-1, 31, "x", None]),
            Values("environment", good=["{environment}", None], bad=["", "x" * 65, NUL, 7]),
            Values("robot_id", good=["{robot}", None], bad=["", "x" * 65, NUL, 7]),
        ],
        refusals=[
            Refusal(400, "INVALID_INPUT", "an enrolment key names no robot", who="enrolment"),
            Refusal(403, "FOREIGN_ROBOT", "it names another robot", body={"robot_id": "{other_robot}"}),
            Refusal(404, "ROBOT_NOT_FOUND", "it is not registered", who="enrolment", body={"robot_id": "{unknown}"}),
        ],
        foreign_robot=None,
        note="`null` when there is none within `wait_seconds`; with `limit` above 1 all of them stand in `jobs`.",
    ),
    Endpoint(
        "PUT",
        "/jobs/{held}/progress",
        "contract",
        "robot or operator",
        600,
        {"job_id": TEXT, "progress": 75, "current_node": Maybe(TEXT)},
        who="robot",
        body={"progress": 75, "current_node": "node-456", "message": "Processing page 3 of 4"},
        fields=[
            Values("progress", good=[0, 75, 75], bad=[-1, 101, 1.5, "half", None]),
            Values("current_node", good=["x" * 255, None], bad=["x" * 256, NUL, 7]),
            Values("message", good=["x" * 2000, None], bad=["x" * 2001, NUL, 7]),
            *PROOF,
        ],
        refusals=_refusals("progress", {"progress": 1}),
        foreign_robot=409,
    ),
    Endpoint(
        "POST",
        "/jobs/{held}/complete",
        "beyond",
        "robot",
        120,
        {"job_id": TEXT, "completed": True},
        who="robot",
        body={"result": {"rows": 3}},
        fields=[Values("result", bad=[[], "done", 7, None]), *PROOF],
        refusals=_refusals("complete", {}),
        foreign_robot=409,
        once=True,
        note="A repeat by the same robot and attempt is answered alike.",
    ),
    Endpoint(
        "POST",
        "/jobs/{held}/fail",
        "beyond",
        "robot",
        120,
        {"job_id": TEXT, "status": "pending"},
        who="robot",
        body={
            "error_message": "The button is gone.",
            "error_type": "SELECTOR_NOT_FOUND",
            "node_id": "node-1",
            "result": {"node_execution": [{"node_id": "node-1", "status": "failed", "duration_ms": 7}]},
        },
        fields=[
            Values("error_message", bad=["", "x" * 5001, NUL, 7, None]),
            Values("error_type", bad=["x" * 129, NUL, 7]),
            Values("node_id", bad=["x" * 256, NUL, 7]),
            Values("retryable", bad=["perhaps", None]),
            Values("result", bad=[[], "nothing", 7]),
        ],
        refusals=_refusals("fail", {"error_message": "no"}),
        foreign_robot=409,
        once=True,
    ),
    Endpoint(
        "POST",
        "/jobs/{held}/release",
        "beyond",
        "robot",
        120,
        {"job_id": TEXT, "released": True},
        who="robot",
        body={"reason": "going home"},
        fields=[Values("reason", bad=["x" * 501, NUL, 7])],
        refusals=_refusals("release", {}),
        foreign_robot=409,
        once=True,
    ),
    Endpoint(
        "POST",
        "/jobs/{held}/extend-lease",
        "beyond",
        "robot",
        240,
        {"job_id": TEXT, "extended": True, "lease_expires_at": TIME, "cancel_requested": FLAG},
        who="robot",
        body={"extension_seconds": 30},
        fields=[Values("extension_seconds", good=[5, 3600], bad=[4, 3601, "x", None]), *PROOF],
        refusals=_refusals("extend-lease", {}),
        foreign_robot=409,
    ),
)
