"""What a robot and its server say to each other (contract: rest-api, Robot Endpoints; beyond, Robot job endpoints)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What servers take in the fields of reports; a longer node id or message must not make the report itself fail.
FIELD_LIMITS = {"error_message": 5_000, "error_type": 128, "node_id": 255, "current_node": 255, "message": 2_000}

_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class ServerError(Exception):
    """A call to the server did not succeed.

    ServerError
    ├── TryAgain         not reached, not ready or too many calls
    ├── AccessRefused    401, 403
    ├── Replaced         another connection of the same robot
    ├── NotHeld          404 or 409: the job is not this robot's (any more), or the robot is not known
    │   └── Unknown      404
    └── CallRejected     any other answer of 400 and more; the same call would be refused again
    """


class TryAgain(ServerError):
    """The same call may succeed later, `retry_after` seconds from now when the server said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AccessRefused(ServerError):
    """The key is not accepted, or not for this."""


class Replaced(ServerError):
    """Another connection speaks for this robot now."""


class NotHeld(ServerError):
    """The job is not held by this robot."""


class Unknown(NotHeld):
    """The server knows no such robot or job."""


class CallRejected(ServerError):
    """The server refuses the call as it is."""


@dataclass(frozen=True, slots=True)
class Registration:
    """Who the robot is, as `POST /robots/register` takes it."""

    robot_id: str
    name: str
    hostname: str
    environment: str
    max_concurrent_jobs: int
    capabilities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """Returns the request body."""
        return {
            "robot_id": self.robot_id,
            "name": self.name,
            "hostname": self.hostname,
            "environment": self.environment,
            "max_concurrent_jobs": self.max_concurrent_jobs,
            "capabilities": list(self.capabilities),
            "tags": list(self.tags),
        }


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    """What the server tells back: jobs to stop, and what a user has commanded."""

    cancelled_jobs: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, answer: object) -> "HeartbeatAnswer":
        """Returns what was understood of the answer."""
        return cls(texts_in(answer, "cancelled_jobs"), texts_in(answer, "commands"))


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """One attempt at one job, held until its lease ends.

    The lease is as long as the robot wanted, except that of a pushed job while the server has not confirmed so.
    """

    job_id: str
    workflow_json: str
    workflow_name: str = ""
    workflow_id: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    attempt: int = 1
    lease_token: str | None = None
    lease_is_unknown: bool = False

    @classmethod
    def parse(cls, answer: object, *, lease_is_unknown: bool = False) -> "ClaimedJob | None":
        """Returns the job, None for what cannot be reported on because it has no id."""
        if not isinstance(answer, dict) or not isinstance(answer.get("job_id"), str):
            return None
        variables, token, attempt = (answer.get(name) for name in ("variables", "lease_token", "attempt"))
        workflow_id = answer.get("workflow_id")
        return cls(
            job_id=answer["job_id"],
            workflow_json=str(answer.get("workflow_json") or ""),
            workflow_name=str(answer.get("workflow_name") or ""),
            workflow_id=workflow_id if isinstance(workflow_id, str) else None,
            variables=variables if isinstance(variables, dict) else {},
            attempt=attempt if isinstance(attempt, int) else 1,
            lease_token=token if isinstance(token, str) else None,
            lease_is_unknown=lease_is_unknown,
        )

    def guard(self) -> dict[str, str]:
        """Returns what proves to the server that a report is about this attempt."""
        return {} if self.lease_token is None else {"lease_token": self.lease_token}


def texts_in(answer: object, name: str) -> list[str]:
    """Returns the texts in a list of the answer; none where there is no such list."""
    values = answer.get(name) if isinstance(answer, dict) else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def report_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields that are given, their texts without control characters and cut to what servers take."""
    return {name: _sendable(name, value) for name, value in fields.items() if value is not None}


def _sendable(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _UNSENDABLE.sub("\N{REPLACEMENT CHARACTER}", value)[: FIELD_LIMITS.get(name)]
