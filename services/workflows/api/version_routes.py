"""Routes of a workflow's versions."""

from starlette.responses import Response

from services.workflows.api.answers import VersionListResponse, WorkflowResponse, workflow_response
from services.workflows.api.document_request import DocumentRoute
from services.workflows.api.routes import WorkflowId
from services.workflows.api.schemas import UpdateWorkflowRequest
from services.workflows.use_cases.list_versions import ListVersions
from services.workflows.use_cases.update_workflow import UpdateWorkflow
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter


def build_version_router(update: UpdateWorkflow, versions: ListVersions) -> ContractRouter:
    """Making versions and listing them."""
    router = ContractRouter(tag="workflows", route_class=DocumentRoute)

    @router.endpoint(
        "PUT",
        "/workflows/{workflow_id}",
        permission=Permission.DEVELOP,
        summary="Store a new version of a workflow",
        response_model=WorkflowResponse,
        errors=(404, 409, 413),
    )
    async def update_workflow(workflow_id: WorkflowId, body: UpdateWorkflowRequest, caller: Caller) -> Response:
        """Jobs submitted from now on run the new version; those submitted before keep theirs.

        A definition equal to the current one makes no version, so the call can be repeated.
        """
        return workflow_response(await update(caller=caller, workflow_id=workflow_id, change=body.change()))

    @router.endpoint(
        "GET",
        "/workflows/{workflow_id}/versions",
        permission=Permission.READ,
        summary="List the versions of a workflow",
        errors=(404,),
    )
    async def list_versions(workflow_id: WorkflowId, caller: Caller) -> VersionListResponse:
        """All versions, newest first; `GET /workflows/{workflow_id}?version=` shows the definition of one."""
        return VersionListResponse.of(await versions(caller=caller, workflow_id=workflow_id))

    return router
