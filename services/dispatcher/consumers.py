"""Event type → use case. Every replica hears of every claimable job; of a deleted robot or workflow, one does."""

from services.dispatcher.domain.matching import CandidateIndex
from services.dispatcher.use_cases.cancel_jobs_of_workflow import CancelJobsOfWorkflow
from services.dispatcher.use_cases.retire_robot import RetireRobot
from shared.events import CloudEvent
from shared.events.jobs import JobDue, JobLeaseExpired, JobQueuedEvent, JobReleased, JobSubmitted
from shared.events.robots import RobotDeleted
from shared.events.workflows import WorkflowDeleted
from shared.jobs import Requirements
from shared.jobs.position import parse_position
from shared.messaging import Bus, Consumer, Delivery, EventHandler, Subscription

QUEUED_EVENTS: tuple[type[JobQueuedEvent], ...] = (JobSubmitted, JobDue, JobReleased, JobLeaseExpired)
CANDIDATES = Subscription(
    "dispatcher.candidates", tuple(event.TYPE for event in QUEUED_EVENTS), Delivery.BROADCAST, prefetch=256
)
DELETED_ROBOTS = Subscription("dispatcher.deleted-robots", (RobotDeleted.TYPE,))
DELETED_WORKFLOWS = Subscription("dispatcher.deleted-workflows", (WorkflowDeleted.TYPE,))


async def attach_consumers(
    bus: Bus, index: CandidateIndex, retire: RetireRobot, cancel_jobs: CancelJobsOfWorkflow
) -> None:
    """Feed claimable jobs into `index`; give back the jobs of deleted robots, cancel those of deleted workflows."""
    handlers = {event.TYPE: _announcer(index, event) for event in QUEUED_EVENTS}
    await Consumer(handlers).attach(bus, CANDIDATES)
    await Consumer({RobotDeleted.TYPE: _retirer(retire)}).attach(bus, DELETED_ROBOTS)
    await Consumer({WorkflowDeleted.TYPE: _canceller(cancel_jobs)}).attach(bus, DELETED_WORKFLOWS)


def _canceller(cancel_jobs: CancelJobsOfWorkflow) -> EventHandler:
    async def cancel(event: CloudEvent) -> None:
        deleted = event.data_as(WorkflowDeleted)
        await cancel_jobs(event.tenantid, deleted.workflow_id, cancelled_by=deleted.deleted_by)

    return cancel


def _announcer(index: CandidateIndex, event_type: type[JobQueuedEvent]) -> EventHandler:
    async def announce(event: CloudEvent) -> None:
        queued = event.data_as(event_type)
        if queued.queue_position is not None:
            index.announce(parse_position(queued.queue_position), requirements_of(queued))

    return announce


def _retirer(retire: RetireRobot) -> EventHandler:
    async def end_deletion(event: CloudEvent) -> None:
        await retire(tenant_id=event.tenantid, robot_id=event.data_as(RobotDeleted).robot_id)

    return end_deletion


def requirements_of(queued: JobQueuedEvent) -> Requirements:
    """The job's requirements as its event tells them."""
    return Requirements(
        environment=queued.environment,
        execution_mode=queued.execution_mode,
        capabilities=queued.required_capabilities,
        tags=queued.required_tags,
        robot_id=queued.required_robot_id,
    )
