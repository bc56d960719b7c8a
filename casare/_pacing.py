"""How often to look: soon at first, then less, and never more than the server's limits leave room for."""

import random
from typing import Final

LIST_SECONDS: Final = 1.0
"""60 pages a minute, of the 100 that the server allows: others use the same credential."""
DETAIL_SECONDS: Final = 0.5
"""120 jobs a minute, of the 200 that the server allows."""
BURST_SECONDS: Final = 10.0
"""What may be used ahead of time: a sixth of a minute's calls, of which the server lets a whole minute's through."""
FIRST_SECONDS: Final = 0.2
LONGEST_SECONDS: Final = 1.0
_GROWTH: Final = 1.4


class Pace:
    """The pauses of one who waits."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._seconds = FIRST_SECONDS

    @property
    def fresh_seconds(self) -> float:
        """How old what is known may be, when somebody else has looked meanwhile."""
        return self._seconds / 2

    def next_seconds(self) -> float:
        """The next pause, varied by chance so that many who wait do not look in step."""
        seconds = self._seconds
        self._seconds = min(LONGEST_SECONDS, seconds * _GROWTH)
        return seconds * self._rng.uniform(0.75, 1.25)

    def reset(self) -> None:
        """Something happened: more may follow soon."""
        self._seconds = FIRST_SECONDS


class Allowance:
    """Calls that the server's limits leave room for. A short wait may be quick, a long one keeps to the rate."""

    def __init__(self) -> None:
        self._paid_until = float("-inf")

    def rest_until(self, now: float, *, n_pages: int, n_details: int) -> float:
        """When the next look may begin, after one at `now` (monotonic) that took so many calls."""
        cost = max(n_pages * LIST_SECONDS, n_details * DETAIL_SECONDS)
        self._paid_until = max(self._paid_until, now) + cost
        return self._paid_until - BURST_SECONDS
