"""Event type → use case. Every replica hears of every claimable job; of a deleted robot or workflow, one does."""

from collections.abc import Mapping

from services.dispatcher.domain.lifecycle import NOT_ACCEPTED
from services.dispatcher.domain.matching import CandidateIndex
from services.dispatcher.ports import RobotSockets
from services.dispatcher.use_cases.cancel_jobs_of_workflow import CancelJobsOfWorkflow
from services.dispatcher.use_cases.retire_robot import REASON as ROBOT_DELETED
from services.dispatcher.use_cases.retire_robot import RetireRobot
from shared.events import CloudEvent, EventData
from shared.events.jobs import (
    JobCancelled,
    JobCompleted,
    JobDue,
    JobEvent,
    JobFailed,
    JobLeaseExpired,
    JobQueuedEvent,
    JobReleased,
    JobRetryScheduled,
    JobSubmitted,
    JobTimedOut,
)
from shared.events.robots import (
    RobotCommanded,
    RobotConnected,
    RobotDeleted,
    RobotEvent,
    RobotRegistered,
    RobotStatusChanged,
    RobotUpdated,
)
from shared.events.workflows import WorkflowDeleted
from shared.jobs import Requirements
from shared.jobs.position import parse_position
from shared.messaging import Bus, Consumer, Delivery, EventHandler, Subscription

QUEUED_EVENTS: tuple[type[JobQueuedEvent], ...] = (JobSubmitted, JobDue, JobReleased, JobLeaseExpired)
CANDIDATES = Subscription(
    "dispatcher.candidates", tuple(event.TYPE for event in QUEUED_EVENTS), Delivery.BROADCAST, prefetch=256
)
CHANGED_ROBOTS: tuple[type[RobotEvent], ...] = (RobotRegistered, RobotUpdated, RobotStatusChanged)
ENDED_JOBS: tuple[type[JobEvent], ...] = (
    JobCompleted,
    JobFailed,
    JobRetryScheduled,
    JobCancelled,
    JobTimedOut,
    JobReleased,
    JobLeaseExpired,
)
"""Events after which a robot has a job less."""
ENDED_BY_SERVER: Mapping[str, str] = {
    JobCancelled.TYPE: "cancelled",
    JobTimedOut.TYPE: "timed out",
    JobLeaseExpired.TYPE: "its lease expired",
}
"""Event type → what the robot is told."""
SERVERS_REASONS = frozenset({NOT_ACCEPTED, ROBOT_DELETED})
"""Reasons of a release that the robot did not ask for."""
_SOCKET_EVENTS: tuple[type[EventData], ...] = (
    *CHANGED_ROBOTS,
    *ENDED_JOBS,
    RobotConnected,
    RobotCommanded,
    RobotDeleted,
)
SOCKETS = Subscription(
    "dispatcher.robot-sockets",
    tuple(event.TYPE for event in _SOCKET_EVENTS),
    Delivery.BROADCAST,
    prefetch=256,
)
DELETED_ROBOTS = Subscription("dispatcher.deleted-robots", (RobotDeleted.TYPE,))
DELETED_WORKFLOWS = Subscription("dispatcher.deleted-workflows", (WorkflowDeleted.TYPE,))


async def attach_consumers(
    bus: Bus, index: CandidateIndex, retire: RetireRobot, cancel_jobs: CancelJobsOfWorkflow, sockets: RobotSockets
) -> None:
    """Feed claimable jobs into `index`; give back the jobs of deleted robots, cancel those of deleted workflows; tell
    connected robots what concerns them."""
    handlers = {event.TYPE: _announcer(index, event) for event in QUEUED_EVENTS}
    await Consumer(handlers).attach(bus, CANDIDATES)
    await Consumer(_socket_handlers(sockets)).attach(bus, SOCKETS)
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


def _socket_handlers(sockets: RobotSockets) -> dict[str, EventHandler]:
    async def connected(event: CloudEvent) -> None:
        connection_id = event.data_as(RobotConnected).connection_id
        sockets.on_connected(event.tenantid, event.subject, connection_id, event.aggregateversion)

    async def commanded(event: CloudEvent) -> None:
        sockets.on_commanded(event.tenantid, event.subject, event.data_as(RobotCommanded).command)

    async def deleted(event: CloudEvent) -> None:
        sockets.on_deleted(event.tenantid, event.subject)

    async def changed(event: CloudEvent) -> None:
        sockets.on_changed(event.tenantid, event.subject)

    return {
        RobotConnected.TYPE: connected,
        RobotCommanded.TYPE: commanded,
        RobotDeleted.TYPE: deleted,
        **dict.fromkeys((event.TYPE for event in CHANGED_ROBOTS), changed),
        **{event.TYPE: _ended(sockets, event) for event in ENDED_JOBS},
    }


def _ended(sockets: RobotSockets, event_type: type[JobEvent]) -> EventHandler:
    async def ended(event: CloudEvent) -> None:
        job = event.data_as(event_type)
        reason = ENDED_BY_SERVER.get(event.type)
        if isinstance(job, JobReleased) and job.reason in SERVERS_REASONS:
            reason = job.reason
        if job.robot_id is not None:
            sockets.on_job_ended(event.tenantid, job.robot_id, job.job_id, job.attempt, reason)

    return ended


def requirements_of(queued: JobQueuedEvent) -> Requirements:
    """The job's requirements as its event tells them."""
    return Requirements(
        environment=queued.environment,
        execution_mode=queued.execution_mode,
        capabilities=queued.required_capabilities,
        tags=queued.required_tags,
        robot_id=queued.required_robot_id,
    )
