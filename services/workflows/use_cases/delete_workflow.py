"""Delete a workflow, and with it what would start it again."""

from dataclasses import dataclass
from typing import Final

import structlog

from services.workflows.domain.workflow import Workflow
from services.workflows.ports import Folder, Schedules, Workflows
from services.workflows.use_cases.find_workflow import find_workflow
from services.workflows.use_cases.update_workflow import ATTEMPTS, WorkflowKeepsChanging
from shared.events.workflows import WorkflowDeleted
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was deleted where."""

    workflow_id: str
    from_folder: bool


class DeleteWorkflow:
    """Makes the workflow a tombstone with its event in one guarded write; from then on nobody finds it.

    The event does the rest, whatever happens to this process: the dispatcher cancels the workflow's pending jobs (those
    that run finish), the scheduler deletes its schedules. Those are asked for here as well, so that the caller does not
    see them any more. A job that is submitted in the very moment of the deletion may still run.
    """

    def __init__(self, workflows: Workflows, schedules: Schedules, folder: Folder, clock: Clock) -> None:
        self._workflows = workflows
        self._schedules = schedules
        self._folder = folder
        self._clock = clock

    async def __call__(self, *, caller: Identity, workflow_id: str) -> Deletion:
        """What was deleted. Raises `Invalid`, `WorkflowNotFound`, `WorkflowKeepsChanging`, `Unavailable`."""
        workflow = await self._tombstone(caller, workflow_id)
        await self._delete_schedules(workflow)
        from_folder = await self._folder.remove(workflow.tenant_id, workflow.workflow_id)
        return Deletion(workflow.workflow_id, from_folder)

    async def _tombstone(self, caller: Identity, workflow_id: str) -> Workflow:
        for _ in range(ATTEMPTS):
            workflow = await find_workflow(self._workflows, caller, workflow_id)
            event = WorkflowDeleted(
                workflow_id=workflow.workflow_id,
                workflow_name=workflow.name,
                version=workflow.current_version,
                deleted_by=caller.subject,
            )
            if await self._workflows.delete(workflow, event, self._clock.now_ms()):
                return workflow
        raise WorkflowKeepsChanging("The workflow is being changed by others; try again.")

    async def _delete_schedules(self, workflow: Workflow) -> None:
        try:
            await self._schedules.delete_of_workflow(workflow.tenant_id, workflow.workflow_id)
        except Unavailable as error:
            _log.warning("schedules_left_to_the_event", workflow_id=workflow.workflow_id, reason=error.detail)
