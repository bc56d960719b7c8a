"""What robots may send: one model per message, with the bounds of the HTTP bodies. Unknown fields are ignored."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from services.dispatcher.api.job_schemas import LeaseProof
from services.dispatcher.api.log_schemas import Level, LogEntryBody, Moment
from services.dispatcher.api.robot_schemas import HeartbeatBody, Labels
from services.dispatcher.api.robot_socket.leniency import Said, shown, unless_unclear
from services.dispatcher.domain.logs import LONGEST_MESSAGE, MAX_ENTRIES_PER_CALL, LogLevel
from services.dispatcher.use_cases.register_robot import Registration
from shared.web.text import Identifier, Text

LONGEST_ERROR: Final = 5000
UNKNOWN_ERROR: Final = "The robot did not say what went wrong."


JobId = Annotated[Text, Field(min_length=1, max_length=64)]


class Skills(Said):
    """`capabilities` as an object; a list holds the `types`."""

    types: Labels = Field(default_factory=list)
    max_concurrent_jobs: int | None = Field(None, ge=1, le=100)


def _skills(capabilities: Any) -> Any:
    return {"types": capabilities} if isinstance(capabilities, list) else capabilities


class Register(Said):
    """Who the robot is."""

    robot_id: Identifier | None = Field(None, min_length=1, max_length=64)
    robot_name: Text | None = Field(
        None, min_length=1, max_length=128, validation_alias=AliasChoices("robot_name", "name")
    )
    hostname: Text | None = Field(None, min_length=1, max_length=256)
    capabilities: Annotated[Skills, BeforeValidator(_skills)] = Field(default_factory=Skills)
    environment: Identifier | None = Field(None, min_length=1, max_length=64)
    max_concurrent_jobs: int | None = Field(None, ge=1, le=100)
    tags: Labels = Field(default_factory=list)

    def registration(self, robot_id: str, environment: str | None) -> Registration:
        """As the use case takes it. `environment`: the one that the key is limited to, if it is."""
        return Registration(
            robot_id=robot_id,
            name=self.robot_name or robot_id,
            hostname=self.hostname or robot_id,
            capabilities=tuple(dict.fromkeys(self.capabilities.types)),
            environment=self.environment or environment or "default",
            max_concurrent_jobs=self.max_concurrent_jobs or self.capabilities.max_concurrent_jobs or 1,
            tags=tuple(dict.fromkeys(self.tags)),
        )


class Heartbeat(Said, HeartbeatBody):
    """How the robot is doing."""

    status: Text | None = Field(None, max_length=64)


class JobMessage(Said, LeaseProof):
    """What every message about a job has."""

    job_id: JobId


class JobAccept(JobMessage):
    """The robot takes the job; `lease_seconds`: under a lease of its own choice."""

    lease_seconds: int | None = Field(None, ge=5, le=3600)


class JobReject(JobMessage):
    """Also `job_release`, `job_cancelled`."""

    reason: Annotated[Text | None, shown(500)] = None


class JobProgress(JobMessage):
    """How far the job is."""

    progress: float = Field(ge=0, le=100)
    current_node: Annotated[Text | None, shown(255)] = None
    message: Annotated[Text | None, shown(2000)] = None


def _as_object(result: Any) -> dict[str, Any] | None:
    return result if result is None or isinstance(result, dict) else {"result": result}


class JobComplete(JobMessage):
    """The job's result."""

    model_config = ConfigDict(allow_inf_nan=False)

    result: Any = None

    @property
    def result_object(self) -> dict[str, Any]:
        """The result as it is stored: an object in any case."""
        return _as_object(self.result) or {}


class JobFailed(JobMessage):
    """Why the attempt failed, and what it came to before."""

    model_config = ConfigDict(allow_inf_nan=False)

    error_message: Annotated[Text | None, shown(LONGEST_ERROR)] = Field(
        None, validation_alias=AliasChoices("error_message", "error")
    )
    error_type: Annotated[Text | None, shown(128)] = None
    failed_node: Annotated[Text | None, shown(255)] = Field(
        None, validation_alias=AliasChoices("failed_node", "node_id")
    )
    stack_trace: Annotated[Text | None, shown(LONGEST_MESSAGE)] = None
    retryable: bool = True
    result: Any = None

    @property
    def result_object(self) -> dict[str, Any] | None:
        """The result as it is stored; None when the robot tells of none."""
        return _as_object(self.result)


class LogLine(Said, LogEntryBody):
    """A line of a job's log; without a job it is the robot's own and not kept. No line costs its batch."""

    level: Annotated[Level, unless_unclear(LogLevel.INFO)] = LogLevel.INFO
    message: Annotated[Text, shown(LONGEST_MESSAGE)]
    timestamp: Annotated[Moment | None, unless_unclear(None)] = None
    node_id: Annotated[Text | None, shown(255)] = None
    job_id: JobId | None = None


class LogEntry(LogLine):
    """A single line."""

    attempt: int | None = Field(None, ge=1)


class LogBatch(Said):
    """Lines in order, of one job or several."""

    lines: list[LogLine] = Field(max_length=MAX_ENTRIES_PER_CALL, validation_alias=AliasChoices("logs", "entries"))
    job_id: JobId | None = None
    batch_id: Text | None = Field(None, min_length=1, max_length=64)
    attempt: int | None = Field(None, ge=1)


class Disconnect(Said):
    """The robot leaves."""

    reason: Annotated[Text | None, shown(500)] = None


class Pong(BaseModel):
    """The answer to `ping`."""


MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "register": Register,
    "heartbeat": Heartbeat,
    "job_accept": JobAccept,
    "job_reject": JobReject,
    "job_release": JobReject,
    "job_progress": JobProgress,
    "job_complete": JobComplete,
    "job_failed": JobFailed,
    "job_cancelled": JobReject,
    "log_entry": LogEntry,
    "log_batch": LogBatch,
    "pong": Pong,
    "disconnect": Disconnect,
}
"""Message type → its model: everything that a robot may send."""
