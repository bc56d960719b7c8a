"""What the server answers, as immutable typed objects."""

from casare.models.access import ApiKey, AuditEntry, Identity, Named, NewApiKey, Tenant, User
from casare.models.base import Model
from casare.models.dead_letters import DeadLetter, DeadLetterStats, Purge, WorkflowCount
from casare.models.figures import Activity, Analytics, Event, FleetMetrics, RobotMetrics, SlowWorkflow
from casare.models.jobs import ENDED, Cancellation, Explanation, JobRecord, Lack, LogEntry, Reason, RobotCounts
from casare.models.robots import Commanded, Robot
from casare.models.schedules import DueTime, Schedule
from casare.models.workflows import (
    Delivery,
    NewWebhook,
    Submission,
    Webhook,
    Workflow,
    WorkflowSummary,
    WorkflowVersion,
)

__all__ = [
    "ENDED",
    "Activity",
    "Analytics",
    "ApiKey",
    "AuditEntry",
    "Cancellation",
    "Commanded",
    "DeadLetter",
    "DeadLetterStats",
    "Delivery",
    "DueTime",
    "Event",
    "Explanation",
    "FleetMetrics",
    "Identity",
    "JobRecord",
    "Lack",
    "LogEntry",
    "Model",
    "Named",
    "NewApiKey",
    "NewWebhook",
    "Purge",
    "Reason",
    "Robot",
    "RobotCounts",
    "RobotMetrics",
    "Schedule",
    "SlowWorkflow",
    "Submission",
    "Tenant",
    "User",
    "Webhook",
    "Workflow",
    "WorkflowCount",
    "WorkflowSummary",
    "WorkflowVersion",
]
