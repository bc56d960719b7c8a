"""Routes that submit a workflow and read it back."""

from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import Response

from services.workflows.api.answers import WorkflowResponse, workflow_response
from services.workflows.api.document_request import DocumentRoute, fingerprint_of
from services.workflows.api.schemas import SubmissionResponse, SubmitWorkflowRequest
from services.workflows.api.webhook_reveal import WebhookReveal
from services.workflows.use_cases.get_workflow import GetWorkflow
from services.workflows.use_cases.submit_workflow import SubmitWorkflow
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses
from shared.web.traceparent import traceparent_of

WorkflowId = Annotated[str, Path(description="UUID of the workflow")]
VersionNumber = Annotated[int | None, Query(ge=1, description="another version than the current one")]


def build_router(
    submit: SubmitWorkflow, get: GetWorkflow, idempotent: IdempotentResponses, reveal: WebhookReveal
) -> ContractRouter:
    """The contract's workflow routes."""
    router = ContractRouter(tag="workflows", route_class=DocumentRoute)

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

        fingerprint = None if key is None else await fingerprint_of(await request.body())
        answer = await idempotent.run(key, request, caller, create, fingerprint=fingerprint)
        return reveal.submission(answer, request, caller)

    @router.endpoint(
        "GET",
        "/workflows/{workflow_id}",
        permission=Permission.ROBOT_OR_READ,
        summary="Get a workflow",
        response_model=WorkflowResponse,
        errors=(404,),
    )
    async def get_workflow(workflow_id: WorkflowId, caller: Caller, version: VersionNumber = None) -> Response:
        """The workflow with the definition of its current version, or of the one asked for.

        Robots may read it, too: a workflow may run others as part of itself.
        """
        return workflow_response(await get(caller=caller, workflow_id=workflow_id, version=version))

    return router
