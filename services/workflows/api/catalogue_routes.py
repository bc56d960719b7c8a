"""Routes that list workflows and delete them."""

from typing import Annotated, Final

from fastapi import Query

from services.workflows.api.answers import DeletionResponse, WorkflowListResponse, WorkflowSummary
from services.workflows.api.routes import WorkflowId
from services.workflows.use_cases.delete_workflow import DeleteWorkflow
from services.workflows.use_cases.list_workflows import ListWorkflows
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.text import Text

MAX_OFFSET: Final = 1_000_000

Limit = Annotated[int, Query(ge=1, le=500, description="workflows at the most")]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="how many to pass over")]
Search = Annotated[Text | None, Query(max_length=255, description="a part of the name, in any case")]


def build_catalogue_router(find: ListWorkflows, delete: DeleteWorkflow) -> ContractRouter:
    """What is done with workflows as a whole."""
    router = ContractRouter(tag="workflows")

    @router.endpoint("GET", "/workflows", permission=Permission.READ, summary="List workflows")
    async def list_workflows(
        caller: Caller, search: Search = None, limit: Limit = 100, offset: Offset = 0
    ) -> WorkflowListResponse:
        """The tenant's workflows without their definitions, newest first."""
        found = await find(caller=caller, search=search, limit=limit, offset=offset)
        summaries = [WorkflowSummary.of(workflow) for workflow in found.workflows]
        return WorkflowListResponse(workflows=summaries, total=found.total, limit=limit, offset=offset)

    @router.endpoint(
        "DELETE",
        "/workflows/{workflow_id}",
        permission=Permission.DEVELOP,
        summary="Delete a workflow",
        errors=(404, 409),
    )
    async def delete_workflow(workflow_id: WorkflowId, caller: Caller) -> DeletionResponse:
        """Deletes the workflow with its schedules and webhooks. Its pending jobs are cancelled; running ones finish."""
        return DeletionResponse.of(await delete(caller=caller, workflow_id=workflow_id))

    return router
