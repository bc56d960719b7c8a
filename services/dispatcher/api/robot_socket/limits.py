"""What one connection may send: pure arithmetic over times that are passed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MESSAGES_PER_JOB: Final = 4
"""That it takes the job, how far it is, some log, how it ended."""
LINES_PER_MESSAGE: Final = 50
"""So many lines of a log count as one message."""
PATIENCE: Final = 100
"""Refused messages after which the connection ends, unless the peer slows down meanwhile."""
TOLERANCE: Final = 20
"""Invalid messages, likewise."""


@dataclass(slots=True)
class Bucket:
    """A token bucket: `capacity` at once, `per_second` on the average."""

    capacity: float
    per_second: float
    left: float = -1.0
    at: float = 0.0

    def take(self, now: float, n: float = 1) -> bool:
        """Whether `n` tokens were there at `now` (seconds); nothing is taken when not."""
        full = self.capacity if self.left < 0 else self.left + (now - self.at) * self.per_second
        self.left, self.at = min(self.capacity, full), now
        if self.left < n:
            return False
        self.left -= n
        return True

    def give(self, n: float) -> None:
        """Add `n` tokens, as far as there is room."""
        if self.left >= 0:
            self.left = min(self.capacity, self.left + n)

    def seconds_until(self, n: float = 1) -> float:
        """How long until `n` tokens are there."""
        return max(0.0, (n - self.left) / self.per_second)


class Limits:
    """The buckets of one connection."""

    def __init__(self, messages_per_minute: int) -> None:
        per_second = messages_per_minute / 60
        self.messages = Bucket(max(1.0, messages_per_minute / 2), per_second)
        self._patience = Bucket(PATIENCE, max(1.0, per_second / 10))
        self._tolerance = Bucket(TOLERANCE, TOLERANCE / 60)

    def job_assigned(self) -> None:
        """A job was sent: what the robot has to say of it is not held against it, however many jobs it does."""
        self.messages.give(MESSAGES_PER_JOB)

    def is_patient(self, now: float) -> bool:
        """Whether one more message over the limit is borne."""
        return self._patience.take(now)

    def is_tolerant(self, now: float) -> bool:
        """Whether one more invalid message is borne."""
        return self._tolerance.take(now)


def cost_of(fields: Mapping[str, Any]) -> float:
    """What a message counts as: one, and more when it carries many lines of a log."""
    lines = fields.get("logs") or fields.get("entries")
    return 1 + (len(lines) / LINES_PER_MESSAGE if isinstance(lines, list) else 0)
