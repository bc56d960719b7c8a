"""Examples shown in the API's document."""

from typing import Any, Final

EXAMPLE_DEFINITION: Final[dict[str, Any]] = {
    "nodes": {"start": {"node_type": "StartNode"}, "fetch": {"node_type": "HttpRequestNode", "config": {}}},
    "connections": [
        {"source_node": "start", "source_port": "exec_out", "target_node": "fetch", "target_port": "exec_in"}
    ],
}
EXAMPLE_SUBMISSION: Final[dict[str, Any]] = {
    "workflow_name": "Invoice Processing",
    "workflow_json": EXAMPLE_DEFINITION,
    "trigger_type": "scheduled",
    "schedule_cron": "0 9 * * 1-5",
    "priority": 10,
    "metadata": {"description": "Checks the invoices of the day"},
}
EXAMPLE_SUMMARY: Final[dict[str, Any]] = {
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "workflow_name": "Invoice Processing",
    "version": 2,
    "description": "Checks the invoices of the day",
    "trigger_type": "manual",
    "execution_mode": "lan",
    "created_at": "2026-01-15T10:30:00Z",
    "updated_at": "2026-01-16T08:00:00Z",
}
