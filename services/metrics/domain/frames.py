"""What the live streams send, as JSON text. Every frame has its `type`, `seq` and `timestamp`.

`seq` is where to go on: a client that comes back with `since=<seq of its last frame>` misses nothing.
"""

from typing import Final, NamedTuple

import msgspec

_encoder: Final = msgspec.json.Encoder()


class Encoded(NamedTuple):
    """What goes to a client as it stands."""

    seq: int
    text: str


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every frame carries."""

    seq: int
    """The number of the tenant's last event that this connection has been told of, from 1; 0 before the first."""
    timestamp: str
    """When it was so: RFC 3339, UTC."""


class JobUpdate(Frame, frozen=True, kw_only=True, tag="job_update", omit_defaults=True):
    """A job changed, or its robot told how far it is. `version` grows with every change of the job: what is older than
    what is known already can be left out."""

    job_id: str
    status: str
    version: int
    """Of the job, as this frame has it."""
    event: str | None = None
    """What happened, such as `job_completed`; absent where the frame only tells the progress."""
    workflow_id: str | None = None
    workflow_name: str | None = None
    robot_id: str | None = None
    environment: str | None = None
    priority: int | None = None
    attempt: int | None = None
    progress: int | None = None
    """In percent, where it is known."""
    current_node: str | None = None
    message: str | None = None
    duration_ms: int | None = None
    error_message: str | None = None
    error_type: str | None = None
    failed_node: str | None = None


class JobState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job that waits or runs, as it is now."""

    job_id: str
    status: str
    version: int
    workflow_id: str
    workflow_name: str
    environment: str
    priority: int
    attempt: int
    progress: int
    created_at: str
    robot_id: str | None = None
    current_node: str | None = None
    message: str | None = None
    started_at: str | None = None


class JobsSnapshot(Frame, frozen=True, kw_only=True, tag="snapshot"):
    """The jobs that wait and run now: those that run first, then those submitted last."""

    jobs: tuple[JobState, ...]
    truncated: bool
    """Whether there are more."""


class RobotStatusFrame(Frame, frozen=True, kw_only=True, tag="robot_status"):
    """A robot as it is now."""

    robot_id: str
    status: str
    name: str
    environment: str
    cpu_percent: float | None
    memory_mb: float | None
    current_jobs: tuple[str, ...]
    """The jobs it holds, those held longest first."""
    last_seen_at: str | None
    deleted: bool = False
    """Whether it has been taken out of the fleet."""


class RobotsSnapshot(Frame, frozen=True, kw_only=True, tag="snapshot"):
    """Every robot has been told: these are all there are."""

    robot_ids: tuple[str, ...]


class QueueMetrics(Frame, frozen=True, kw_only=True, tag="queue_metrics"):
    """How many jobs wait for a robot, delayed ones included."""

    depth: int
    active: int
    """How many jobs robots hold."""


class RobotFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The fleet, counted. `active` are idle or busy."""

    total: int
    active: int
    idle: int
    busy: int
    offline: int


class JobFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs that robots hold, and those that ended today (UTC)."""

    active: int
    pending: int
    completed_today: int
    failed_today: int
    """Timed-out jobs included."""
    cancelled_today: int
    avg_duration_ms: int


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The queue."""

    depth: int


class SystemFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The machines of the robots that are not offline, by their last heartbeats."""

    cpu_percent: float | None
    """The mean of those that tell it."""
    memory_mb: float | None
    """The sum over those that tell it."""
    reporting: int
    """How many tell something."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a dashboard's head shows."""

    robots: RobotFigures
    jobs: JobFigures
    queue: QueueFigures
    system: SystemFigures


class MetricsFrame(Frame, frozen=True, kw_only=True, tag="metrics"):
    """The figures of the tenant."""

    data: Figures


class Resumed(Frame, frozen=True, kw_only=True, tag="resumed"):
    """The answer to `since`: what follows until live frames begin."""

    since: int
    """What was asked for."""
    replayed: int
    """How many frames follow that were missed."""
    complete: bool
    """Whether that is all of them; else some are no longer retained, or `since` is of other data."""
    oldest: int | None
    """The first number still retained; null when there is none."""


class ErrorFrame(Frame, frozen=True, kw_only=True, tag="error"):
    """What is wrong with what the client sent, or why the connection is about to be closed."""

    code: str
    """For programs: stable, upper snake case."""
    message: str


Sent = JobsSnapshot | JobUpdate | RobotStatusFrame | RobotsSnapshot | QueueMetrics | MetricsFrame | Resumed | ErrorFrame


def encoded(frame: Frame) -> Encoded:
    """The frame as JSON text."""
    return Encoded(frame.seq, _encoder.encode(frame).decode())
