"""A tenant's events in the order of their numbers, however their announcements come: late, twice or never.

Numbers are reserved before events are stored, so that some may never be used: a write that failed, or an event that
was stored already. A number counts as void once no write that reserved it can still be under way.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from services.metrics.domain.activity import ActivityEntry

VOID_AFTER_SECONDS: Final = 6.0
"""Longer than the store's client waits for a write."""


class StoredRange(msgspec.Struct, frozen=True):
    """The events that one write stored under the numbers `first` to `last`; numbers without one are void."""

    tenant_id: str
    first: int
    last: int
    entries: tuple[ActivityEntry, ...]
    """By number."""


class Numbers(msgspec.Struct, frozen=True):
    """The numbers `first` to `last`."""

    first: int
    last: int


class InOrder:
    """Hands out each number's event once, in order, beginning after `position`. Moments are monotonic seconds."""

    def __init__(self, position: int) -> None:
        self.position = position
        """The last number that was handed out, or is void."""
        self._known: deque[tuple[float, int]] = deque()
        """When which numbers were first known to be reserved."""
        self._waiting: dict[int, StoredRange] = {}

    @property
    def known_until(self) -> int:
        """The last number that is known to be reserved."""
        return self._known[-1][1] if self._known else self.position

    def note(self, reserved_until: int, now: float) -> None:
        """All numbers up to `reserved_until` are reserved."""
        if reserved_until > self.known_until:
            self._known.append((now, reserved_until))

    def offer(self, stored: StoredRange, now: float) -> None:
        """These events are stored."""
        self.note(stored.last, now)
        if stored.last > self.position:
            self._waiting[stored.first] = stored

    @property
    def has_more(self) -> bool:
        """Whether something follows without a gap."""
        return self._next() is not None

    def take(self, most: float = math.inf) -> list[ActivityEntry]:
        """The events that follow without a gap, each once; ends with the write by which they are `most` or more."""
        taken: list[ActivityEntry] = []
        while len(taken) < most and (stored := self._next()) is not None:
            taken += [entry for entry in stored.entries if entry.seq > self.position]
            self.position = stored.last
        self._forget_past()
        return taken

    def gap(self) -> Numbers | None:
        """The numbers right after the position that nothing is known about; None without any."""
        if self.position >= self.known_until:
            return None
        behind = min((stored.first for stored in self._waiting.values()), default=self.known_until + 1)
        return Numbers(self.position + 1, behind - 1)

    def fill(
        self, gap: Numbers, found: Sequence[ActivityEntry], now: float, most: float = math.inf
    ) -> list[ActivityEntry]:
        """What follows, after the store was looked into for `gap` and gave `found`; behind these as `take` has it.

        Goes no further than to a number that a write may still be under way for.
        """
        by_seq = {entry.seq: entry for entry in found}
        void_until = self._void_until(now)
        taken: list[ActivityEntry] = []
        for seq in range(max(gap.first, self.position + 1), gap.last + 1):
            if seq not in by_seq and seq > void_until:
                break
            if seq in by_seq:
                taken.append(by_seq[seq])
            self.position = seq
        return taken + self.take(most - len(taken))

    def _next(self) -> StoredRange | None:
        for first, stored in self._waiting.items():
            if first <= self.position + 1 <= stored.last:
                return stored
        return None

    def _void_until(self, now: float) -> int:
        return max((until for since, until in self._known if now - since >= VOID_AFTER_SECONDS), default=0)

    def _forget_past(self) -> None:
        self._waiting = {first: stored for first, stored in self._waiting.items() if stored.last > self.position}
        while self._known and self._known[0][1] <= self.position:
            self._known.popleft()
