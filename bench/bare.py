"""The yardstick: the three endpoints of a job's lifecycle that validate their bodies and answer constants.

No store, no tokens, no buckets: whatever the product needs beyond this is the price of what it does.
"""

import argparse
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

SUBMIT_BODY = (Path(__file__).parent / "submit.json").read_bytes()
JOB_ID = "660e8400-e29b-41d4-a716-446655440001"
WORKFLOW_ID = "550e8400-e29b-41d4-a716-446655440000"
CREATED_AT = "2025-01-15T10:30:00Z"

SUBMITTED = {
    "workflow_id": WORKFLOW_ID,
    "job_id": JOB_ID,
    "schedule_id": None,
    "status": "success",
    "message": "Workflow submitted and queued for lan execution",
    "created_at": CREATED_AT,
}
CLAIMED = {
    "job_id": JOB_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Invoice totals",
    "workflow_json": json.dumps(json.loads(SUBMIT_BODY)["workflow_json"]),
    "priority": 10,
    "environment": "default",
    "variables": {},
    "created_at": CREATED_AT,
    "claimed_at": CREATED_AT,
    "retry_count": 0,
    "max_retries": 3,
    "attempt": 1,
    "lease_token": "770e8400e29b41d4a716446655440002",
    "lease_expires_at": CREATED_AT,
    "timeout_seconds": 3600,
}
COMPLETED = {"job_id": JOB_ID, "completed": True}


class WorkflowDefinition(BaseModel):
    """`workflow_json`: an object with `nodes` (contract clarifications 10)."""

    nodes: dict[str, Any] | list[Any]
    connections: list[Any] = []
    metadata: dict[str, Any] = {}


class SubmitWorkflow(BaseModel):
    """The body of `POST /workflows`."""

    workflow_name: Annotated[str, Field(min_length=1, max_length=255)]
    workflow_json: WorkflowDefinition
    trigger_type: Literal["manual", "scheduled", "webhook"] = "manual"
    execution_mode: Literal["lan", "internet"] = "lan"
    schedule_cron: str | None = None
    priority: Annotated[int, Field(ge=0, le=20)] = 10
    metadata: dict[str, Any] = {}


class ClaimJob(BaseModel):
    """The body of `POST /jobs/claim`."""

    environment: Annotated[str | None, Field(max_length=64)] = None
    limit: Annotated[int, Field(ge=1, le=10)] = 1
    visibility_timeout_seconds: Annotated[int, Field(ge=5, le=3600)] = 30
    wait_seconds: Annotated[float, Field(ge=0, le=30)] = 0
    robot_id: Annotated[str | None, Field(min_length=1, max_length=64)] = None


class CompleteJob(BaseModel):
    """The body of `POST /jobs/{job_id}/complete`."""

    result: dict[str, Any] = {}
    lease_token: str | None = None


def create_app() -> FastAPI:
    """Return the application that validates and answers constants."""
    app = FastAPI(openapi_url=None)

    @app.post("/api/v1/workflows", response_model=None)
    async def submit(_body: SubmitWorkflow) -> dict[str, Any]:
        return SUBMITTED

    @app.post("/api/v1/jobs/claim", response_model=None)
    async def claim(_body: ClaimJob) -> dict[str, Any]:
        return CLAIMED

    @app.post("/api/v1/jobs/{job_id}/complete", response_model=None)
    async def complete(job_id: str, _body: CompleteJob) -> dict[str, Any]:  # noqa: ARG001 - part of the path
        return COMPLETED

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(
        create_app(),
        port=parser.parse_args().port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
