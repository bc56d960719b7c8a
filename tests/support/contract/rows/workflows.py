"""Workflows and their versions (contract, "Workflow Endpoints"; beyond.md, "Also needed")."""

from typing import Any, Final

from tests.support.contract.endpoint import Endpoint, Refusal, Values
from tests.support.contract.shapes import FLAG, INTEGER, OBJECT, TEXT, TIME, UUID, Maybe

NUL: Final = "a\x00b"
NODES: Final[dict[str, Any]] = {"nodes": {}, "connections": [], "metadata": {}}
SUBMISSION: Final = {
    "workflow_id": UUID,
    "job_id": Maybe(TEXT),
    "schedule_id": Maybe(TEXT),
    "status": "success",
    "message": TEXT,
    "created_at": TIME,
}
SUMMARY: Final = {
    "workflow_id": UUID,
    "workflow_name": TEXT,
    "version": INTEGER,
    "description": Maybe(TEXT),
    "created_at": TIME,
    "updated_at": TIME,
}
WORKFLOW: Final = {**SUMMARY, "workflow_json": {"nodes": OBJECT, "connections": [OBJECT]}}
SUBMIT: Final[dict[str, Any]] = {
    "workflow_name": "Workflow {mark}",
    "workflow_json": NODES,
    "trigger_type": "webhook",
    "metadata": {"description": "Optional workflow description"},
}
TOO_MANY: Final[dict[str, Any]] = {"nodes": {str(number): {} for number in range(1001)}}
DANGLING: Final = {
    "nodes": {"a": {"node_id": "a", "node_type": "StartNode"}},
    "connections": [
        {"source_node": "a", "source_port": "exec_out", "target_node": "missing", "target_port": "exec_in"}
    ],
}


def _deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def _with(**changes: Any) -> dict[str, Any]:
    return {**SUBMIT, **changes}


UNKNOWN: Final = (
    Refusal(404, "WORKFLOW_NOT_FOUND", "there is no such workflow", path="/workflows/{unknown}"),
    Refusal(400, "INVALID_INPUT", "the id is no UUID", path="/workflows/not-a-uuid"),
)

WORKFLOWS: Final = (
    Endpoint(
        "POST",
        "/workflows",
        "contract",
        "developer",
        60,
        SUBMISSION,
        who="developer",
        body=SUBMIT,
        fields=[
            Values("workflow_name", good=["x", "x" * 255], bad=["", "x" * 256, NUL, 7, None]),
            Values("workflow_json", good=[{"nodes": []}, {"nodes": {}, "$set": {"a.b": 1}}], bad=[[], "{}", 7, None]),
            Values("trigger_type", good=["webhook"], bad=["sometimes", "", 7, None]),
            Values("execution_mode", good=["lan", "internet"], bad=["moon", "", 7, None]),
            Values("priority", good=[0, 20], bad=[-1, 21, 1.5, "10", True, None]),
            Values("metadata", good=[{"owner": "finance"}, None], bad=[[], "text", 7]),
        ],
        refusals=[
            Refusal(400, "INVALID_INPUT", "the name is missing", body={"workflow_json": NODES}),
            Refusal(400, "INVALID_INPUT", "the definition is missing", body={"workflow_name": "x"}),
            Refusal(400, "INVALID_WORKFLOW", "there are no `nodes`", body=_with(workflow_json={})),
            Refusal(400, "INVALID_WORKFLOW", "it has 1,001 nodes", body=_with(workflow_json=TOO_MANY)),
            Refusal(400, "INVALID_WORKFLOW", "a connection leads nowhere", body=_with(workflow_json=DANGLING)),
            Refusal(400, "INVALID_WORKFLOW", "it is nested too deep", body=_with(workflow_json={"nodes": [_deep(64)]})),
            Refusal(400, "INVALID_INPUT", "scheduled without cron", body=_with(trigger_type="scheduled")),
            Refusal(
                400,
                "INVALID_CRON",
                "the cron expression is none",
                body=_with(trigger_type="scheduled", schedule_cron="soon"),
            ),
        ],
        note="`trigger_type=webhook` also answers `webhook_url` and, this once, `webhook_secret`.",
    ),
    Endpoint(
        "POST",
        "/workflows/upload",
        "contract",
        "developer",
        60,
        SUBMISSION,
        who="developer",
        files={"file": ("my_workflow.json", '{"nodes": {}, "connections": []}')},
        query={"trigger_type": "webhook"},
        parameters=[
            Values("trigger_type", good=["webhook"], bad=["sometimes"]),
            Values("execution_mode", good=["lan", "internet"], bad=["moon"]),
            Values("priority", good=[0, 20], bad=[-1, 21, "high"]),
        ],
    ),
    Endpoint(
        "GET",
        "/workflows",
        "beyond",
        "viewer",
        100,
        {"workflows": [SUMMARY], "total": INTEGER},
        who="viewer",
        query={"search": "Workflow"},
        parameters=[
            Values("limit", good=[1, 500], bad=[0, 501, "many"]),
            Values("search", good=["{mark}", ""]),
        ],
    ),
    Endpoint(
        "GET",
        "/workflows/{workflow}",
        "contract",
        "robot or viewer",
        200,
        WORKFLOW,
        who="viewer",
        parameters=[Values("version", good=[1], bad=[0, "first"])],
        refusals=UNKNOWN,
        foreign_robot=None,
        note="A robot reads workflows that others run as part of themselves.",
    ),
    Endpoint(
        "PUT",
        "/workflows/{workflow}",
        "beyond",
        "developer",
        60,
        SUMMARY,
        who="developer",
        body={"workflow_json": {**NODES, "metadata": {"edition": 2}}},
        fields=[
            Values("workflow_json", bad=[[], "{}", 7, None]),
            Values("workflow_name", good=["Renamed {mark}"], bad=["", "x" * 256, 7]),
        ],
        refusals=UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/workflows/{workflow}/versions",
        "beyond",
        "viewer",
        100,
        {"versions": [{"version": INTEGER, "created_at": TIME, "created_by": TEXT}]},
        who="viewer",
        refusals=[
            Refusal(404, "WORKFLOW_NOT_FOUND", "there is no such workflow", path="/workflows/{unknown}/versions")
        ],
    ),
    Endpoint(
        "DELETE",
        "/workflows/{workflow}",
        "contract",
        "developer",
        60,
        {"status": "success", "message": TEXT, "deleted_from": {"database": True, "filesystem": FLAG}},
        who="developer",
        refusals=UNKNOWN,
        once=True,
    ),
)
