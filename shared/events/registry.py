"""Every event type of the product, by its name on the wire."""

from typing import Final

from shared.events import auth, jobs, metrics, robots, scheduler, workflows
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
        metrics.MetricsRebuildRequested,
        metrics.MetricsRebuilt,
        robots.RobotRegistered,
        robots.RobotCameBack,
        robots.RobotWentOffline,
        robots.RobotUpdated,
        robots.RobotStatusChanged,
        robots.RobotConnected,
        robots.RobotCommanded,
        robots.RobotDeleted,
        robots.RobotLateReport,
        workflows.WorkflowCreated,
        workflows.WebhookCreated,
        workflows.WebhookDeleted,
        workflows.WorkflowUpdated,
        workflows.WorkflowDeleted,
        scheduler.ScheduleCreated,
        scheduler.ScheduleEnabled,
        scheduler.ScheduleDisabled,
        scheduler.ScheduleDeleted,
        scheduler.ScheduleTriggered,
        scheduler.ScheduleFired,
        auth.UserLoggedIn,
        auth.SessionRevoked,
        auth.ApiKeyCreated,
        auth.ApiKeyRevoked,
        auth.ApiKeyRotated,
        auth.UserCreated,
        auth.UserUpdated,
        auth.UserDeleted,
        auth.TenantCreated,
        auth.TenantUpdated,
    )
}
