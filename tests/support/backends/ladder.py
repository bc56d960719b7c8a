"""Where a backend comes from: rungs tried in order, the first that has it wins."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from tests.support.backends.rabbitmq_admin import Admin

Subject = Literal["rabbitmq", "redis", "mongodb", "rabbitmq-server", "redis-server"]
"""What a run may need: three kinds of server, and two binaries to start private ones from."""


class NotHere(Exception):
    """This rung does not have the backend; the message says why."""


class NoAnswer(NotHere):
    """Something should answer at an address, but does not, or not as it should."""


class Misconfigured(Exception):
    """The environment names a backend that does not answer: a mistake to report, not to work around."""


class Place(msgspec.Struct, frozen=True):
    """A backend that answers, or a binary that is installed."""

    where: str  # URL, or path of the binary
    admin: Admin | None = None  # who may make vhosts there, when the rung knows


class Decision(msgspec.Struct, frozen=True):
    """What a run of the tests uses for one backend; with no place, why there is none."""

    place: Place | None
    story: str
    is_a_mistake: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to come by a backend. `find` raises NotHere, or Misconfigured."""

    name: str
    find: Callable[[], Place]


Check = Callable[[str], None]
"""Raises NoAnswer unless a backend really answers at the URL."""


def climb(rungs: Sequence[Rung]) -> Decision:
    """The first rung's place; else every rung's reason."""
    reasons = []
    for rung in rungs:
        try:
            return Decision(rung.find(), rung.name)
        except NotHere as reason:
            reasons.append(f"{rung.name}: {reason}")
        except Misconfigured as mistake:
            return Decision(None, f"{rung.name}: {mistake}", is_a_mistake=True)
    return Decision(None, "; ".join(reasons))


def given_by(variable: str, check: Check) -> Rung:
    """The URL in an environment variable. One that does not answer is a mistake, never passed over."""

    def find() -> Place:
        url = os.environ.get(variable)
        if not url:
            raise NotHere("not set")
        try:
            check(url)
        except NoAnswer as silence:
            raise Misconfigured(str(silence)) from silence
        return Place(url)

    return Rung(variable, find)


def running_at(url: str, check: Check, name: str) -> Rung:
    """A server that runs on this machine already."""

    def find() -> Place:
        check(url)
        return Place(url)

    return Rung(name, find)
