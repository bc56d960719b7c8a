"""Parked events, as tables for people and records for programs."""

import json
import time
from collections.abc import Sequence
from typing import Any

from cli.output import print_table
from cli.times import age, moment
from shared.kernel.clock import iso_utc
from shared.messaging.parked import ParkedEvent, ParkedQueue


def queues_table(queues: Sequence[ParkedQueue]) -> None:
    """How much each subscription has parked."""
    now_ms = time.time_ns() // 1_000_000
    rows = [(each.subscription, each.count, age(_iso(each.oldest_ms), now_ms)) for each in queues]
    print_table(("SUBSCRIPTION", "PARKED", "OLDEST"), rows)


def events_table(events: Sequence[ParkedEvent]) -> None:
    """A line per event."""
    rows = [
        (
            each.id,
            each.subscription,
            each.type,
            each.event.tenantid if each.event else None,
            moment(_iso(each.parked_ms)),
            each.reason,
        )
        for each in events
    ]
    print_table(("EVENT", "SUBSCRIPTION", "TYPE", "TENANT", "PARKED", "REASON"), rows, none="No such event is parked.")


def event_fields(parked: ParkedEvent) -> list[tuple[str, object]]:
    """All there is to know of one."""
    record = event_record(parked, with_event=True)
    body = record.pop("event")
    shown = json.dumps(body, indent=2, ensure_ascii=False) if isinstance(body, dict) else body
    return [*((name.replace("_", " "), value) for name, value in record.items()), ("event", shown)]


def as_record(queue: ParkedQueue, events: Sequence[ParkedEvent]) -> dict[str, Any]:
    """A subscription and its events for programs."""
    return {
        "subscription": queue.subscription,
        "parked": queue.count,
        "oldest_at": _iso(queue.oldest_ms),
        "events": [event_record(each) for each in events],
    }


def event_record(parked: ParkedEvent, *, with_event: bool = False) -> dict[str, Any]:
    """One event for programs; `event` is what was published, text when it is no JSON object."""
    event = parked.event
    record: dict[str, Any] = {
        "event_id": parked.id,
        "subscription": parked.subscription,
        "type": parked.type,
        "tenant_id": event.tenantid if event else None,
        "subject": event.subject if event else None,
        "parked_at": _iso(parked.parked_ms),
        "reason": parked.reason,
    }
    if with_event:
        record["event"] = json.loads(parked.body) if event else parked.body.decode("utf-8", "backslashreplace")
    return record


def _iso(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_utc(at_ms)
