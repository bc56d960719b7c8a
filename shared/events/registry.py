"""Every event type of the product, by its name on the wire."""

from typing import Final

from shared.events import auth, jobs, robots, scheduler, workflows
from shared.events.envelope import EventData

EVENT_TYPES: Final[dict[str, type[EventData]]] = {
    model.TYPE: model
    for model in (
        jobs.JobSubmitted,
        jobs.JobDue,
        jobs.JobClaimed,
        jobs.JobStarted,
        jobs.JobReleased,
        jobs.JobLeaseExpired,
        jobs.JobRetryScheduled,
        jobs.JobCompleted,
        jobs.JobFailed,
        jobs.JobCancelled,
        jobs.JobTimedOut,
        jobs.JobDeadLetterRemoved,
        robots.RobotRegistered,
        robots.RobotCameBack,
        robots.RobotWentOffline,
        robots.RobotLateReport,
        workflows.WorkflowCreated,
        scheduler.ScheduleCreated,
        scheduler.ScheduleEnabled,
        scheduler.ScheduleDisabled,
        scheduler.ScheduleFired,
        auth.UserLoggedIn,
        auth.SessionRevoked,
        auth.ApiKeyCreated,
        auth.ApiKeyRevoked,
    )
}
