"""One line of the activity: an event as people see it."""

from typing import Any, Final

import msgspec

from services.metrics.domain.wire import check_envelope
from shared.events import EVENT_TYPES, CloudEvent

LONGEST_TEXT: Final = 1_000

SHOWN_FIELDS: Final = frozenset(
    {
        "job_id", "workflow_id", "workflow_name", "status", "environment", "priority", "attempt", "robot_id",
        "trigger", "duration_ms", "error_message", "error_type", "failed_node", "reason", "cancelled_by",
        "name", "max_concurrent_jobs", "report",
        "schedule_id", "schedule_name", "due_ms", "next_run_ms",
        "version", "trigger_type", "created_by",
        "user_id", "key_id", "key_name",
        "how", "removed_by", "new_job_id", "retry_of",
        "old_condition", "new_condition",
        "webhook_id", "deleted_by",
        "role", "disabled", "password_changed", "account_deleted", "rotated_to", "valid_until_ms",
        "rebuild_id", "attempts",
        "updated_by",
    }
)  # fmt: skip
"""What of an event's data tells people something; all else (queue positions, leases, sessions) stays inside."""


class ActivityEntry(msgspec.Struct, frozen=True):
    """One event of a tenant's trail; `data_json` is a JSON object."""

    event_id: str
    tenant_id: str
    event_type: str
    at_ms: int
    data_json: str
    version: int = 0
    """Of the job, robot or other thing that the event is about, as the event left it."""
    seq: int = 0
    """Its number among the tenant's events, from 1, as they were stored; 0 while it is not."""


def public_event_type(event_type: str) -> str:
    """The contract's spelling of an event type: `job.completed` is `job_completed`."""
    return event_type.replace(".", "_")


def entry_of(event: CloudEvent) -> ActivityEntry:
    """The activity entry of any event, known here or not. Raises `MalformedEvent`."""
    check_envelope(event)
    model = EVENT_TYPES.get(event.type)
    if model is not None:
        event.data_as(model)
    data: dict[str, Any] = msgspec.json.decode(event.data)
    shown = {name: _shortened(value) for name, value in data.items() if name in SHOWN_FIELDS and _is_plain(value)}
    return ActivityEntry(
        event_id=event.id,
        tenant_id=event.tenantid,
        event_type=public_event_type(event.type),
        at_ms=event.timems,
        data_json=msgspec.json.encode(shown).decode(),
        version=event.aggregateversion,
    )


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _shortened(value: object) -> object:
    return value[:LONGEST_TEXT] if isinstance(value, str) else value
