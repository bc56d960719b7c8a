"""Finding the workflow a request is about, within the caller's tenant."""

from services.workflows.domain.workflow import Workflow, WorkflowNotFound
from services.workflows.ports import Workflows
from shared.kernel.errors import Invalid
from shared.kernel.identity import Identity
from shared.kernel.ids import is_uuid


async def find_workflow(workflows: Workflows, caller: Identity, workflow_id: str) -> Workflow:
    """The workflow. Raises `Invalid` when the id is no UUID, `WorkflowNotFound`, `Unavailable`."""
    if not is_uuid(workflow_id):
        raise Invalid.field("workflow_id", "is not a UUID")
    workflow = await workflows.get(caller.tenant_id, workflow_id.lower())
    if workflow is None:
        raise WorkflowNotFound(f"There is no workflow {workflow_id}.")
    return workflow
