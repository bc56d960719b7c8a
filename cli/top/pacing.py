"""When which source is asked again."""

from dataclasses import dataclass, field
from typing import Final

from cli.top.sources import SOURCES, Source

SLOWER: Final = 2.0
SLOWEST: Final = 8.0
"""How many times slower than planned a source that is refused may become."""
AFTER_SILENCE_SECONDS: Final = 1.0


@dataclass
class Pacing:
    """Times are of a monotonic clock, in seconds. A source that was told to slow down becomes quick again by and by."""

    _due: dict[str, float] = field(default_factory=lambda: {source.name: 0.0 for source in SOURCES})
    _factor: dict[str, float] = field(default_factory=lambda: {source.name: 1.0 for source in SOURCES})

    def due(self, now: float) -> Source | None:
        """The source that has waited longest beyond its time; None when none is due."""
        waiting = [source for source in SOURCES if self._due[source.name] <= now]
        return min(waiting, key=lambda source: self._due[source.name], default=None)

    def seconds_until_next(self, now: float) -> float:
        """How long nothing is due."""
        return max(0.0, min(self._due.values()) - now)

    def answered(self, source: Source, now: float) -> None:
        """The source answered."""
        self._factor[source.name] = max(1.0, self._factor[source.name] / SLOWER**0.5)
        self._due[source.name] = now + source.every_seconds * self._factor[source.name]

    def refused(self, source: Source, now: float, retry_after_seconds: float) -> None:
        """The server asked for fewer calls: all that share the bucket wait, and this source asks more rarely."""
        self._factor[source.name] = min(SLOWEST, self._factor[source.name] * SLOWER)
        for each in SOURCES:
            if each.bucket == source.bucket:
                self._due[each.name] = max(self._due[each.name], now + max(retry_after_seconds, each.every_seconds))

    def silent(self, now: float) -> None:
        """Nobody answered: everything is asked anew in a moment."""
        for name in self._due:
            self._due[name] = now + AFTER_SILENCE_SECONDS
