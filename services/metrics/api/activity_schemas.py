"""The event trail, as the contract has it."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict

from services.metrics.domain.activity import ActivityEntry
from services.metrics.use_cases.list_activity import Activity
from shared.kernel.clock import to_datetime


class EventBody(BaseModel):
    """One event of the activity."""

    event_type: str
    timestamp: datetime
    data: dict[str, Any]


class ActivityBody(BaseModel):
    """The newest events, and how many match in all."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {
                            "event_type": "job_completed",
                            "timestamp": "2025-01-15T10:31:30Z",
                            "data": {"job_id": "job-12345", "workflow_name": "Invoice Processing"},
                        }
                    ],
                    "total": 150,
                }
            ]
        }
    )

    events: list[EventBody]
    total: int


def activity_body(activity: Activity) -> ActivityBody:
    """A page of events."""
    return ActivityBody(events=[_event_body(entry) for entry in activity.entries], total=activity.total)


def _event_body(entry: ActivityEntry) -> EventBody:
    data = msgspec.json.decode(entry.data_json, type=dict[str, Any])
    return EventBody(event_type=entry.event_type, timestamp=to_datetime(entry.at_ms), data=data)
