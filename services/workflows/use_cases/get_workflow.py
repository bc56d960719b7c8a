"""Read a workflow with the definition of one of its versions."""

from dataclasses import dataclass

from services.workflows.domain.workflow import Workflow
from services.workflows.ports import Definitions, Workflows
from services.workflows.use_cases.find_workflow import find_workflow
from shared.kernel.identity import Identity


@dataclass(frozen=True, slots=True)
class DefinedWorkflow:
    """A workflow and the JSON text of one version."""

    workflow: Workflow
    version: int
    definition_text: str


class GetWorkflow:
    """Reads; never writes."""

    def __init__(self, workflows: Workflows, definitions: Definitions) -> None:
        self._workflows = workflows
        self._definitions = definitions

    async def __call__(self, *, caller: Identity, workflow_id: str, version: int | None = None) -> DefinedWorkflow:
        """The workflow with that version, the current one when None.

        Raises `Invalid` when the id is no UUID, `WorkflowNotFound`, `VersionNotFound`, `Unavailable`.
        """
        workflow = await find_workflow(self._workflows, caller, workflow_id)
        number = workflow.current_version if version is None else version
        definition_id = workflow.numbered(number).definition_id
        return DefinedWorkflow(workflow, number, await self._definitions.get(definition_id))
