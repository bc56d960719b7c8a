"""Routes of the workflows service."""

import msgspec
from fastapi import Request
from starlette.responses import Response

from services.workflows.api.schemas import (
    SubmissionResponse,
    SubmitWorkflowRequest,
    WorkflowResponse,
    WorkflowSummary,
)
from services.workflows.api.webhook_reveal import WebhookReveal
from services.workflows.use_cases.get_workflow import GetWorkflow
from services.workflows.use_cases.submit_workflow import SubmitWorkflow
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses
from shared.web.traceparent import traceparent_of


def build_router(
    submit: SubmitWorkflow, get: GetWorkflow, idempotent: IdempotentResponses, reveal: WebhookReveal
) -> ContractRouter:
    """The contract's workflow routes."""
    router = ContractRouter(tag="workflows")

    @router.endpoint(
        "POST",
        "/workflows",
        permission=Permission.DEVELOP,
        summary="Submit a workflow",
        response_model=SubmissionResponse,
        errors=(409, 413),
    )
    async def submit_workflow(
        body: SubmitWorkflowRequest, request: Request, caller: Caller, key: IdempotencyKey = None
    ) -> Response:
        """Stores the workflow and queues it for execution, schedules it, or keeps it for its webhook."""

        async def create(workflow_id: str) -> SubmissionResponse:
            submitted = await submit(
                caller=caller,
                workflow_id=workflow_id,
                submission=body.submission(),
                traceparent=traceparent_of(request),
            )
            return SubmissionResponse.of(submitted)

        return reveal.submission(await idempotent.run(key, request, caller, create), request, caller)

    @router.endpoint(
        "GET",
        "/workflows/{workflow_id}",
        permission=Permission.READ,
        summary="Get a workflow",
        response_model=WorkflowResponse,
        errors=(404,),
    )
    async def get_workflow(workflow_id: str, caller: Caller) -> Response:
        """The workflow with the definition of its current version."""
        found = await get(caller=caller, workflow_id=workflow_id)
        summary = WorkflowSummary.of(found.workflow).model_dump(mode="json")
        # The definition may be 50 MB: it goes out as the text it is stored as, never parsed.
        answer = {**summary, "workflow_json": msgspec.Raw(found.definition_text.encode())}
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return router
