"""Request and response bodies of the log routes (beyond.md, `GET`/`POST /jobs/{id}/logs`)."""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from services.dispatcher.domain.logs import LONGEST_MESSAGE, MAX_ENTRIES_PER_CALL, LogEntry, LogLevel, LogLine
from services.dispatcher.use_cases.read_job_logs import LogPage
from shared.kernel.clock import to_datetime, to_ms
from shared.kernel.errors import Invalid
from shared.web.text import Text

_FIRST_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MOMENT: Final = datetime(9999, 1, 1, tzinfo=UTC)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LEVELS_ELSEWHERE: Final = {"warn": LogLevel.WARNING, "fatal": LogLevel.CRITICAL, "trace": LogLevel.DEBUG}
_CURSOR: Final = re.compile(r"log:([1-9][0-9]{0,9})")


def _level(value: object) -> object:
    """Levels as Python's and other logging libraries write them: `ERROR`, `warn`, `FATAL`."""
    if not isinstance(value, str):
        return value
    name = value.lower()
    return _LEVELS_ELSEWHERE.get(name, name)


def _within_the_calendar(moment: datetime) -> datetime:
    """A time without zone is UTC."""
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if not _FIRST_MOMENT <= moment < _LAST_MOMENT:
        raise ValueError("must be from 1970 to 9998")
    return moment


def _printable(text: str) -> str:
    """Programs colour their output; a line of a log is not refused for that, but must be fit to be stored and shown."""
    return _UNPRINTABLE.sub("\ufffd", text)


Level = Annotated[LogLevel, BeforeValidator(_level)]
Moment = Annotated[datetime, AfterValidator(_within_the_calendar)]


class LogEntryBody(BaseModel):
    """One line. Other fields are ignored."""

    level: Level = Field(LogLevel.INFO, description="in whatever case; also `warn`, `fatal` and `trace`")
    message: Annotated[str, AfterValidator(_printable)] = Field(
        max_length=LONGEST_MESSAGE, description="control characters are replaced"
    )
    timestamp: Moment | None = Field(None, description="default: when it was received")
    node_id: Text | None = Field(None, max_length=255)

    def entry(self, received_ms: int) -> LogEntry:
        """The line as it is kept."""
        at_ms = received_ms if self.timestamp is None else to_ms(self.timestamp)
        return LogEntry(at_ms, self.level, self.message, self.node_id)


class AddLogsBody(BaseModel):
    """Lines to add, in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "robot-prod-001-42",
                    "logs": [
                        {
                            "level": "info",
                            "message": "Opened invoice 4711",
                            "timestamp": "2025-01-15T10:30:00Z",
                            "node_id": "node-456",
                        }
                    ],
                }
            ]
        }
    )

    logs: list[LogEntryBody] = Field(
        min_length=1,
        max_length=MAX_ENTRIES_PER_CALL,
        validation_alias=AliasChoices("logs", "entries"),
        description="also accepted as `entries`",
    )
    batch_id: Text | None = Field(
        None, min_length=1, max_length=64, description="names this call: a repeat with the same one adds nothing"
    )
    robot_id: Text | None = Field(None, min_length=1, max_length=64, description="for an enrolment key")
    attempt: int | None = Field(None, ge=1, description="default: the job's present attempt")


class AddLogsResponse(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"job_id": "job-12345", "accepted": 1, "dropped": 0, "truncated": False}]}
    )

    job_id: str
    accepted: int
    dropped: int = Field(description="lines for which the job's log has no room")
    truncated: bool = Field(description="whether lines of this call were dropped: the log is full")


class LogLineBody(BaseModel):
    """One line of a job's log."""

    seq: int = Field(description="numbers the job's lines from 1, in the order in which they were received")
    timestamp: datetime
    level: LogLevel
    message: str
    node_id: str | None
    robot_id: str | None = Field(description="null when a user wrote it")
    attempt: int


class LogsResponse(BaseModel):
    """A page of a job's log."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "job-12345",
                    "logs": [
                        {
                            "seq": 1,
                            "timestamp": "2025-01-15T10:30:00Z",
                            "level": "info",
                            "message": "Opened invoice 4711",
                            "node_id": "node-456",
                            "robot_id": "robot-prod-001",
                            "attempt": 1,
                        }
                    ],
                    "next_cursor": None,
                    "resume_cursor": "bG9nOjI",
                    "total": 1,
                    "dropped": 0,
                    "truncated": False,
                }
            ]
        }
    )

    job_id: str
    logs: list[LogLineBody]
    next_cursor: str | None = Field(description="where the next page begins; null when there is none now")
    resume_cursor: str | None = Field(
        description="oldest first only: where to go on later, also at the end; follows a job that still writes"
    )
    total: int = Field(description="lines the log has taken, whatever the filter")
    dropped: int = Field(description="lines it had no room for")
    truncated: bool = Field(description="whether the log is full")


def logs_response(job_id: str, page: LogPage) -> LogsResponse:
    """The page as users see it."""
    return LogsResponse.model_construct(
        job_id=job_id,
        logs=[_line_body(line) for line in page.lines],
        next_cursor=_cursor(page.next_number),
        resume_cursor=_cursor(page.resume_number),
        total=page.n_kept,
        dropped=page.n_dropped,
        truncated=page.is_truncated,
    )


def _line_body(line: LogLine) -> LogLineBody:
    entry = line.entry
    return LogLineBody.model_construct(
        seq=line.number,
        timestamp=to_datetime(entry.at_ms),
        level=entry.level,
        message=entry.message,
        node_id=entry.node_id,
        robot_id=line.robot_id,
        attempt=line.attempt,
    )


def _cursor(number: int | None) -> str | None:
    return None if number is None else base64.urlsafe_b64encode(f"log:{number}".encode()).decode().rstrip("=")


def number_in(cursor: str) -> int:
    """The entry at which `cursor` stands; raises `Invalid` for anything that no page gave out."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found: Any = _CURSOR.fullmatch(text.decode("ascii"))
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        raise Invalid.field("cursor", "is not one that a page of this list gave")
    return int(found[1])
