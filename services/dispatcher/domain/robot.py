"""A robot as it is stored, and the rules about it."""

from enum import StrEnum
from typing import Any, Final

import msgspec

from services.dispatcher.domain.matching import RobotProfile
from shared.jobs.fleet import Condition, RobotStatus, effective_status
from shared.storage import Document


class Command(StrEnum):
    """What a user tells a robot (beyond.md, `heartbeat_ack.commands`)."""

    DRAIN = "drain"
    """Take nothing new, finish, then leave; it is fit again when it registers anew."""
    PAUSE = "pause"
    """Take nothing new until told to resume."""
    RESUME = "resume"
    """Take jobs again."""


RESUME_TOLD_FOR_MS: Final = 120_000
"""How long `resume` is repeated; the others as long as they hold."""


class Held(msgspec.Struct, frozen=True):
    """A slot that a job takes on its robot."""

    token: str
    """The lease token: the slot belongs to this one attempt."""
    since_ms: int


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """A registered robot. Times in epoch milliseconds."""

    document_id: str = msgspec.field(name="_id")
    tenant_id: str
    robot_id: str
    version: int
    name: str
    hostname: str
    capabilities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    environment: str = "default"
    max_concurrent_jobs: int = 1
    condition: Condition = Condition.OK
    active: dict[str, Held] = msgspec.field(default_factory=dict)
    """The jobs it holds, by id; at most `max_concurrent_jobs`, kept so by the guard of every claim."""
    n_active: int = 0
    cancelled: dict[str, int] = msgspec.field(default_factory=dict)
    """Jobs it should stop, by id, with the moment they were cancelled."""
    last_seen_ms: int
    last_heartbeat_ms: int
    created_ms: int
    metrics_json: str = "{}"
    touched: str = ""
    """Random mark of the last telemetry write, by which that write recognises itself."""
    announced_offline: int = 0
    """1 after `robot.went_offline` was published, until it is heard again."""
    connection_id: str = ""
    """The socket on which it registered last, on whichever replica; empty for one that only polls."""
    command: str = ""
    """What it was told last (`Command`), while that holds."""
    commanded_ms: int = 0
    deleted_ms: int | None = None
    """When it was deleted; None while it is registered. It then keeps its slots until their jobs are back in the queue,
    gets no job, and is shown to nobody."""

    @property
    def profile(self) -> RobotProfile:
        """What matching needs."""
        return RobotProfile(
            self.tenant_id, self.robot_id, self.environment, frozenset(self.capabilities), frozenset(self.tags)
        )

    def status(self, now_ms: int, offline_after_ms: int) -> RobotStatus:
        """The status to show now."""
        return effective_status(
            condition=self.condition,
            n_active=self.n_active,
            last_seen_ms=self.last_seen_ms,
            now_ms=now_ms,
            offline_after_ms=offline_after_ms,
        )

    @property
    def is_deleted(self) -> bool:
        """Whether this is only what is left of a deleted robot."""
        return self.deleted_ms is not None

    def commands(self, now_ms: int) -> tuple[str, ...]:
        """What its heartbeat's answer tells it."""
        if not self.command or (self.command == Command.RESUME and now_ms - self.commanded_ms > RESUME_TOLD_FOR_MS):
            return ()
        return (self.command,)

    @property
    def takes_jobs(self) -> bool:
        """Whether it may be given a job at all; a robot in maintenance keeps what it runs and gets nothing new."""
        return self.condition is Condition.OK and self.n_active < self.max_concurrent_jobs


def from_document(document: Document) -> Robot:
    """The robot in a stored document."""
    return msgspec.convert(document, Robot, strict=False)


def to_document(robot: Robot) -> Document:
    """The document that stores `robot`, without its outbox."""
    document: Any = msgspec.to_builtins(robot)
    return dict(document)
