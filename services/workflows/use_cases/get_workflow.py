"""Read a workflow with the definition that runs now."""

from dataclasses import dataclass

from services.workflows.domain.workflow import Workflow, WorkflowNotFound
from services.workflows.ports import Definitions, Workflows
from shared.kernel.errors import Invalid
from shared.kernel.identity import Identity
from shared.kernel.ids import is_uuid


@dataclass(frozen=True, slots=True)
class DefinedWorkflow:
    """A workflow and the JSON text of its current version."""

    workflow: Workflow
    definition_text: str


class GetWorkflow:
    """Reads; never writes."""

    def __init__(self, workflows: Workflows, definitions: Definitions) -> None:
        self._workflows = workflows
        self._definitions = definitions

    async def __call__(self, *, caller: Identity, workflow_id: str) -> DefinedWorkflow:
        """The workflow. Raises `Invalid` when the id is no UUID, `WorkflowNotFound`, `Unavailable`."""
        if not is_uuid(workflow_id):
            raise Invalid.field("workflow_id", "is not a UUID")
        workflow = await self._workflows.get(caller.tenant_id, workflow_id.lower())
        if workflow is None:
            raise WorkflowNotFound(f"There is no workflow {workflow_id}.")
        return DefinedWorkflow(workflow, await self._definitions.get(workflow.current.definition_id))
