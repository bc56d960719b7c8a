"""Event type → use case."""

from typing import Final

from services.scheduler.use_cases.delete_schedules_of_workflow import DeleteSchedulesOfWorkflow
from shared.events import CloudEvent
from shared.events.workflows import WorkflowDeleted
from shared.messaging import Bus, Consumer, Subscription

WORKFLOW_DELETIONS: Final = Subscription("scheduler.workflow-deletions", (WorkflowDeleted.TYPE,))


async def attach_consumers(bus: Bus, delete_of_workflow: DeleteSchedulesOfWorkflow) -> None:
    """Let schedules go with their workflow, also when whoever deleted it could not ask for that or died before.

    Shared: one replica handles each event, and a repeat finds nothing left to delete.
    """

    async def on_workflow_deleted(event: CloudEvent) -> None:
        deleted = event.data_as(WorkflowDeleted)
        await delete_of_workflow(tenant_id=event.tenantid, workflow_id=deleted.workflow_id)

    await Consumer({WorkflowDeleted.TYPE: on_workflow_deleted}).attach(bus, WORKFLOW_DELETIONS)
