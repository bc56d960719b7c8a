"""Which events the audit keeps, and as what.

Kept: what users and administrators do, and robots' coming, going and late reports. Not kept: how jobs fare, which the
activity shows. A type that nobody has listed here is kept when a user asked for it, so that nothing a user does is
missing.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.auth.domain.audit import AuditEntry, Outcome, cut
from shared.events import CloudEvent, MalformedEvent

FAMILIES: Final[Mapping[str, str]] = {
    "workflow": "workflow",
    "webhook": "webhook",
    "user": "user",
    "tenant": "tenant",
    "api_key": "api_key",
    "session": "session",
}
"""First word of event types that are always kept → kind of the resource."""

ALWAYS: Final[Mapping[str, str]] = {
    "user.logged_in": "session",
    "schedule.created": "schedule",
    "schedule.updated": "schedule",
    "schedule.enabled": "schedule",
    "schedule.disabled": "schedule",
    "schedule.deleted": "schedule",
    "schedule.triggered": "schedule",
    "job.cancelled": "job",
    "job.dead_letter_removed": "job",
    "robot.registered": "robot",
    "robot.updated": "robot",
    "robot.status_changed": "robot",
    "robot.commanded": "robot",
    "robot.deleted": "robot",
    "robot.late_report": "robot",
}
"""Single types that are always kept → kind of the resource."""

NEVER: Final = frozenset(
    {
        "job.due", "job.claimed", "job.started", "job.progressed", "job.released", "job.lease_expired",
        "job.retry_scheduled", "job.completed", "job.failed", "job.timed_out",
        "robot.came_back", "robot.connected", "robot.went_offline",
        "schedule.fired",
    }
)  # fmt: skip
"""What follows by itself, whoever asked for what it follows from."""

REFUSALS: Final[Mapping[str, int]] = {"robot.late_report": 409}
"""Events that tell of something refused → the status it was answered with."""

SHOWN: Final = frozenset(
    {
        "name", "workflow_id", "workflow_name", "version", "trigger", "trigger_type", "schedule_id", "schedule_name",
        "cron_expression", "timezone", "enabled", "webhook_id", "job_id", "attempt", "report", "robot_id",
        "environment", "status", "previous_status", "priority", "reason", "cancelled_by", "key_id", "key_name",
        "expires_ms", "user_id", "username", "tenant_id", "role", "roles", "session_id", "changed", "changes", "fields",
        "command",
    }
)  # fmt: skip
"""Fields of an event's data that say more about it; others, and what is neither text nor number, stay out."""

LONGEST_TEXT: Final = 200
MOST_ITEMS: Final = 20
LATEST_MS: Final = 10**14 - 1

_IDENTIFIER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_TYPE: Final = re.compile(r"[a-z0-9_]{1,60}(\.[a-z0-9_]{1,60}){0,3}")
_SYSTEM: Final = "system"


def entry_of(event: CloudEvent) -> AuditEntry | None:
    """The event as the audit keeps it; None when it does not. Raises `MalformedEvent`."""
    data: dict[str, Any] = msgspec.json.decode(event.data)
    kind = _resource_kind(event, data)
    if kind is None:
        return None
    _check(event)
    actor_kind, actor_id = _actor(event, data)
    status = REFUSALS.get(event.type, 0)
    return AuditEntry(
        id=event.id,
        tenant_id=event.tenantid,
        at_ms=event.timems,
        action=event.type,
        outcome=Outcome.REFUSED if status else Outcome.DONE,
        actor_kind=cut(actor_kind),
        actor_id=cut(actor_id),
        resource_kind=kind,
        resource_id=cut(event.subject),
        address=cut(event.clientaddress),
        request_id=cut(event.requestid),
        status=status,
        detail_json=msgspec.json.encode(_shown(data)).decode(),
    )


def _resource_kind(event: CloudEvent, data: Mapping[str, Any]) -> str | None:
    if event.type in NEVER:
        return None
    if event.type in ALWAYS:
        return ALWAYS[event.type]
    family = event.type.partition(".")[0]
    if family in FAMILIES:
        return FAMILIES[family]
    by_webhook = event.type == "job.submitted" and data.get("trigger") == "webhook"
    return family if event.actorkind == "user" or by_webhook else None


def _actor(event: CloudEvent, data: Mapping[str, Any]) -> tuple[str, str]:
    """Who did it. A login comes from nobody in particular; that it succeeded says who it was."""
    user_id = data.get("user_id")
    if event.type == "user.logged_in" and isinstance(user_id, str):
        return "user", user_id
    return event.actorkind or _SYSTEM, event.actorid


def _check(event: CloudEvent) -> None:
    """Refuse what the store could not keep or find again; entries are written in groups."""
    for name, value in (("id", event.id), ("tenantid", event.tenantid)):
        if not _IDENTIFIER.fullmatch(value):
            raise MalformedEvent(f"{event.type} {event.id}: {name} is no identifier")
    if not _TYPE.fullmatch(event.type):
        raise MalformedEvent(f"{event.id}: type is no event type")
    if not 0 <= event.timems <= LATEST_MS:
        raise MalformedEvent(f"{event.type} {event.id}: timems is no time")


def _shown(data: Mapping[str, Any]) -> dict[str, object]:
    shown: dict[str, object] = {}
    for name in sorted(SHOWN & data.keys()):
        value = data[name]
        if isinstance(value, list):
            shown[name] = [_plain(item) for item in value[:MOST_ITEMS]]
        elif value is not None:
            shown[name] = _plain(value)
    return {name: value for name, value in shown.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    return value if isinstance(value, int | float) else None
