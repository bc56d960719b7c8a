"""One row of the table: an endpoint, how it is called well, and how badly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Source = Literal["contract", "beyond"]
Needs = Literal[
    "public", "user", "viewer", "operator", "developer", "admin", "robot", "robot or operator", "robot or viewer"
]
Who = Literal[
    "admin",
    "developer",
    "operator",
    "viewer",
    "session",
    "foreigner",
    "robot",
    "other_robot",
    "enrolment",
    "foreign_enrolment",
    "nobody",
]
"""Users of the tenant by role, the user who logged in as `{session_user}`, the admin of another tenant; the robot that
holds `{held}`, another robot, the holders of an enrolment key of this tenant and of another; and somebody without a
credential."""

ROLES: Final[tuple[Who, ...]] = ("viewer", "operator", "developer", "admin")
NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Values:
    """A parameter of the query, or a field of the body: values that are accepted, and values that are not."""

    name: str
    good: Sequence[Any] = ()
    bad: Sequence[Any] = ()
    code: str = "INVALID_INPUT"
    """The problem's code for the bad ones, all answered 400."""
    names: str | None = None
    """What the problem's `errors` name, where that is not `name`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that is refused; what is not given is as in the good call."""

    status: int
    code: str
    because: str
    who: Who | None = None
    path: str | None = None
    body: Any = NOTHING
    query: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint. Names in braces in paths, bodies, queries and headers stand for things that the cast provides."""

    method: str
    path: str
    source: Source
    needs: Needs
    limit: int | None
    """Requests per minute; None where the lockout limits instead."""
    answer: Any
    """The shape of the good answer; a string when the answer is text."""
    who: Who
    """Makes the good call: the least role that may."""
    called: str | None = None
    """The path of the good call, where it is not `path` with the things its parameters name."""
    body: Any = NOTHING
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Any] | None = None
    """A multipart form instead of a JSON body: field → (file name, text)."""
    parameters: Sequence[Values] = ()
    fields: Sequence[Values] = ()
    refusals: Sequence[Refusal] = ()
    foreign_robot: int | None = 403
    """What a key bound to another robot is answered, where robots may call at all; None: it then speaks for itself."""
    foreign_tenant: int | None = None
    """What another tenant's admin is answered; None: 404 when the path names a thing, else their own, without ours."""
    status: int = 200
    """Of the good answer."""
    once: bool = False
    """Whether the good call uses its things up, so that the next call needs others."""
    note: str = ""

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def good_path(self) -> str:
        """The path of the good call."""
        return self.called or self.path

    @property
    def for_robots(self) -> bool:
        """Whether a robot's key may call it."""
        return self.needs.startswith("robot")

    def may(self, who: Who) -> bool:
        """Whether this caller has the permission."""
        if self.needs == "public":
            return True
        if who == "nobody":
            return False
        if who in ("robot", "other_robot", "enrolment", "foreign_enrolment"):
            return self.for_robots
        if self.needs == "user" or who == "foreigner":
            return self.needs != "robot"
        if self.needs == "robot":
            return False
        who = "operator" if who == "session" else who
        least: Any = self.needs.removeprefix("robot or ")
        return ROLES.index(who) >= ROLES.index(least)
