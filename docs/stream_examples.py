"""The live streams and a frame of each kind, as a small installation would send it."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from services.metrics.api.streams import PATHS
from services.metrics.domain.event_text import EventNotice, Hello
from services.metrics.domain.frames import (
    ErrorFrame,
    Figures,
    JobFigures,
    JobsSnapshot,
    JobState,
    JobUpdate,
    MetricsFrame,
    QueueFigures,
    QueueMetrics,
    Resumed,
    RobotFigures,
    RobotsSnapshot,
    RobotStatusFrame,
    SystemFigures,
)
from services.metrics.use_cases.live.follow_figures import DEFAULT_INTERVAL, LONGEST_INTERVAL, SHORTEST_INTERVAL
from shared.web.routes import API_PREFIX

_AT: Final = "2025-01-15T10:31:30.000Z"
_JOB: Final = "01946a1e-6f40-7c3b-9d52-8f0e4b7a1c36"
_WORKFLOW: Final = "01946a1d-11aa-7b02-8c4e-1f5b7d9a0e42"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: where it is, and what it sends, each with an example."""

    name: str
    path: str
    meaning: str
    frames: tuple[msgspec.Struct, ...]
    protocol: str = "ws"
    parameters: tuple[str, ...] = ("since", "token")


PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "since": {"type": "integer", "minimum": 0, "description": "the `seq` of the last frame; what came after is sent"},
    "token": {"type": "string", "description": "an access token or an API key, where no header can be sent"},
    "interval": {
        "type": "integer",
        "minimum": SHORTEST_INTERVAL,
        "maximum": LONGEST_INTERVAL,
        "default": DEFAULT_INTERVAL,
        "description": "seconds between two frames",
    },
    "types": {"type": "string", "description": "only events of these types, separated by commas"},
    "limit": {"type": "integer", "minimum": 1, "description": "ends the stream after so many events"},
    "wait_seconds": {"type": "integer", "minimum": 0, "description": "ends the stream after so many seconds"},
}

_RESUMED: Final = Resumed(seq=41, timestamp=_AT, since=41, replayed=1, complete=True, oldest=1)
_SUPERSEDED: Final = Resumed(seq=42, timestamp=_AT, since=41, replayed=0, complete=True, oldest=None)
_ERROR: Final = ErrorFrame(
    seq=42, timestamp=_AT, code="INVALID_MESSAGE", message="This stream only takes the text 'ping'."
)

STREAMS: Final = (
    Stream(
        "liveJobs",
        PATHS["live-jobs"],
        "The jobs that wait and run, then each change of a job, and its progress at most once a second.",
        (
            JobsSnapshot(
                seq=41,
                timestamp=_AT,
                jobs=(
                    JobState(
                        job_id=_JOB,
                        status="running",
                        version=4,
                        workflow_id=_WORKFLOW,
                        workflow_name="Invoice Processing",
                        environment="default",
                        priority=10,
                        attempt=1,
                        progress=40,
                        created_at="2025-01-15T10:30:00.000Z",
                        robot_id="robot-prod-001",
                        current_node="read-mail",
                        message="12 of 30",
                        started_at="2025-01-15T10:30:45.000Z",
                    ),
                ),
                truncated=False,
            ),
            _RESUMED,
            JobUpdate(
                seq=42,
                timestamp=_AT,
                job_id=_JOB,
                status="completed",
                version=5,
                event="job_completed",
                workflow_id=_WORKFLOW,
                workflow_name="Invoice Processing",
                robot_id="robot-prod-001",
                environment="default",
                priority=10,
                attempt=1,
                progress=100,
                duration_ms=45_000,
            ),
            _ERROR,
        ),
    ),
    Stream(
        "robotStatus",
        PATHS["robot-status"],
        "Every robot as it is, then each that changes or sends a heartbeat.",
        (
            RobotStatusFrame(
                seq=42,
                timestamp=_AT,
                robot_id="robot-prod-001",
                status="busy",
                name="Production Robot 1",
                environment="production",
                cpu_percent=45.2,
                memory_mb=1024.5,
                current_jobs=(_JOB,),
                last_seen_at=_AT,
            ),
            RobotsSnapshot(seq=42, timestamp=_AT, robot_ids=("robot-prod-001",)),
            _SUPERSEDED,
            _ERROR,
        ),
    ),
    Stream(
        "queueMetrics",
        PATHS["queue-metrics"],
        "How many jobs wait, now and whenever that changes.",
        (QueueMetrics(seq=42, timestamp=_AT, depth=15, active=3), _SUPERSEDED, _ERROR),
    ),
    Stream(
        "metrics",
        PATHS["metrics"],
        "The figures of a dashboard's head, at once and every `interval` seconds.",
        (
            MetricsFrame(
                seq=42,
                timestamp=_AT,
                data=Figures(
                    robots=RobotFigures(total=10, active=8, idle=5, busy=3, offline=2),
                    jobs=JobFigures(
                        active=3,
                        pending=15,
                        completed_today=125,
                        failed_today=4,
                        cancelled_today=1,
                        avg_duration_ms=45_000,
                    ),
                    queue=QueueFigures(depth=15),
                    system=SystemFigures(cpu_percent=38.5, memory_mb=8196.0, reporting=8),
                ),
            ),
            _SUPERSEDED,
            _ERROR,
        ),
        parameters=("interval", "since", "token"),
    ),
    Stream(
        "events",
        f"{API_PREFIX}/events",
        "Everything that happens in the tenant, as Server-Sent Events.",
        (
            Hello(seq=41, timestamp=_AT),
            _RESUMED,
            EventNotice(
                seq=42,
                event_type="job_completed",
                timestamp=_AT,
                version=5,
                data={"job_id": _JOB, "workflow_name": "Invoice Processing", "status": "completed"},
            ),
        ),
        "http",
        ("since", "types", "limit", "wait_seconds"),
    ),
)
