"""List the versions of a workflow."""

from services.workflows.domain.workflow import Workflow
from services.workflows.ports import Workflows
from services.workflows.use_cases.find_workflow import find_workflow
from shared.kernel.identity import Identity


class ListVersions:
    """Reads; never writes."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    async def __call__(self, *, caller: Identity, workflow_id: str) -> Workflow:
        """The workflow, which holds its versions. Raises `Invalid`, `WorkflowNotFound`, `Unavailable`."""
        return await find_workflow(self._workflows, caller, workflow_id)
