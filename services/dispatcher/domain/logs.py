"""A job's log: entries in numbered batches, each of which says where the next one begins.

Entries are numbered from 1 without gaps, in the order in which they were accepted. A batch is stored under the number
of its first entry, which only one writer can take: whoever appends reads the last batch (the head), and loses to
whoever appended since. So numbers, totals and the cap hold exactly, however many write at once.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

LONGEST_MESSAGE: Final = 8_000
MAX_ENTRIES_PER_CALL: Final = 500
MAX_ENTRIES: Final = 50_000
"""Entries kept per job."""
FULL_MESSAGE: Final = "The log is full: what came after this is not kept."
_NUMBER_DIGITS: Final = 10
_COMPRESSION_LEVEL: Final = 1


class LogLevel(StrEnum):
    """Severities, least first."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def severity(self) -> int:
        """Its rank: greater is worse."""
        return _LEVELS.index(self)


_LEVELS: Final = tuple(LogLevel)


class LogEntry(msgspec.Struct, frozen=True, array_like=True):
    """One line, as whoever wrote it says."""

    at_ms: int
    level: LogLevel
    message: str
    node_id: str | None = None


_entries_decoder: Final = msgspec.json.Decoder(list[LogEntry])


class LogBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Entries that were accepted together, and the log's totals up to them."""

    position: str = msgspec.field(name="_id")
    tenant_id: str
    job_id: str
    robot_id: str | None
    """Who wrote them; None for a user."""
    attempt: int
    at_ms: int
    """When they were received."""
    batch_key: str | None
    """Recognises a repeat of the call (`batch_key_of`); None when the caller named no batch."""
    first: int
    """The number of its first entry."""
    n_entries: int
    total_bytes: int
    """JSON text of the entries of this batch and all before it."""
    is_last: bool = False
    """The log is full: its last entry says so, and nothing is appended any more."""
    n_dropped: int = 0
    """Entries not kept, counted in the last batch."""
    packed: bytes = b""
    """The entries as compressed JSON text; empty where only the totals were read."""

    @property
    def last(self) -> int:
        """The number of its last entry."""
        return self.first + self.n_entries - 1

    @property
    def n_accepted(self) -> int:
        """Entries that came from the caller."""
        return self.n_entries - self.is_last

    def lines(self) -> Iterator["LogLine"]:
        """Its entries with their numbers, in order."""
        for number, entry in enumerate(_entries_decoder.decode(zlib.decompress(self.packed)), self.first):
            yield LogLine(number, entry, self.robot_id, self.attempt)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry of a job's log."""

    number: int
    entry: LogEntry
    robot_id: str | None
    attempt: int


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where entries come from: the job, who writes, in which attempt, under which name for the batch."""

    tenant_id: str
    job_id: str
    robot_id: str | None
    attempt: int
    batch_key: str | None


def position_of(job_id: str, number: int) -> str:
    """The place of a batch that begins with entry `number`; sorts as the entries do."""
    return f"{job_id}|{number:0{_NUMBER_DIGITS}}"


def next_batch(
    head: LogBatch | None, source: LogSource, entries: Sequence[LogEntry], *, max_bytes: int, now_ms: int
) -> LogBatch:
    """The batch that follows `head` (None: the log is empty), with as many of `entries` as there is room for.

    When not all fit, an entry that says so takes the place of the others and the batch is the log's last.
    """
    first = 1 if head is None else head.last + 1
    total_bytes = 0 if head is None else head.total_bytes
    kept: list[LogEntry] = []
    for entry in entries:
        n_bytes = len(msgspec.json.encode(entry))
        if total_bytes + n_bytes > max_bytes or first + len(kept) > MAX_ENTRIES:
            break
        kept.append(entry)
        total_bytes += n_bytes
    n_dropped = len(entries) - len(kept)
    if n_dropped:
        kept.append(LogEntry(now_ms, LogLevel.WARNING, FULL_MESSAGE))
    return LogBatch(
        position=position_of(source.job_id, first),
        tenant_id=source.tenant_id,
        job_id=source.job_id,
        robot_id=source.robot_id,
        attempt=source.attempt,
        at_ms=now_ms,
        batch_key=source.batch_key,
        first=first,
        n_entries=len(kept),
        total_bytes=total_bytes,
        is_last=n_dropped > 0,
        n_dropped=n_dropped,
        packed=zlib.compress(msgspec.json.encode(kept), _COMPRESSION_LEVEL),
    )
