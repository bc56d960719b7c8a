"""Reading a job's log: which entries are wanted, and how far a reader has come."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from services.dispatcher.domain.logs import LogBatch, LogEntry, LogLevel, LogLine


class LogOrder(StrEnum):
    """Oldest or newest first."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries are wanted."""

    level: LogLevel = LogLevel.DEBUG
    """The least severity."""
    search: str = ""
    """Part of the message, in whatever case."""
    node_id: str | None = None

    def matches(self, entry: LogEntry) -> bool:
        """Whether `entry` is wanted."""
        if entry.level.severity < self.level.severity or self.node_id not in (None, entry.node_id):
            return False
        return not self.search or self.search.casefold() in entry.message.casefold()


@dataclass(slots=True)
class LogScan:
    """A reader's way through the log, from entry `number` on, until it has found `limit` lines."""

    number: int
    """The next entry to look at."""
    order: LogOrder
    wanted: LogFilter
    limit: int
    lines: list[LogLine] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether the page is full."""
        return len(self.lines) == self.limit

    def look_through(self, batches: Iterable[LogBatch]) -> None:
        """Take what is wanted from `batches`, which come in the reader's order, until the page is full."""
        for batch in batches:
            for line in self._ahead_in(batch):
                if self.is_full:
                    return
                self.number = line.number + self._step
                if self.wanted.matches(line.entry):
                    self.lines.append(line)

    @property
    def _step(self) -> int:
        return 1 if self.order is LogOrder.ASC else -1

    def _ahead_in(self, batch: LogBatch) -> list[LogLine]:
        if self.order is LogOrder.ASC:
            return [line for line in batch.lines() if line.number >= self.number]
        return [line for line in batch.lines() if line.number <= self.number][::-1]
