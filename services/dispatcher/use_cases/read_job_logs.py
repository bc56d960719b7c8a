"""A user reads a job's log."""

from dataclasses import dataclass
from typing import Final

from services.dispatcher.domain.log_search import LogFilter, LogOrder, LogScan
from services.dispatcher.domain.logs import LogLine
from services.dispatcher.ports import JobLogs, Jobs
from services.dispatcher.use_cases.find_job import find_job
from shared.kernel.identity import Identity

BATCHES_PER_READ: Final = 100
READS_PER_CALL: Final = 10
"""A call looks at no more than so many batches; the next one goes on from there."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """A stretch of the log."""

    lines: tuple[LogLine, ...] = ()
    next_number: int | None = None
    """The entry to go on with; None at the end."""
    resume_number: int | None = None
    """Oldest first: the entry from which to go on, also at the end, where more may be appended."""
    n_kept: int = 0
    """Entries accepted so far, whatever the filter."""
    n_dropped: int = 0
    is_truncated: bool = False


class ReadJobLogs:
    """Pages and searches a log. Pages are stable: entries keep their numbers, and new ones come at the end."""

    def __init__(self, jobs: Jobs, logs: JobLogs) -> None:
        self._jobs = jobs
        self._logs = logs

    async def __call__(
        self,
        *,
        caller: Identity,
        job_id: str,
        wanted: LogFilter,
        order: LogOrder,
        limit: int,
        number: int | None = None,
    ) -> LogPage:
        """Up to `limit` entries from entry `number` on, by default from the first one in `order`.

        A page may hold fewer, even none, and not be the last: then this call has looked far enough. Raises
        `JobNotFound`, `Unavailable`.
        """
        await find_job(self._jobs, caller, job_id)
        head = await self._logs.head(job_id)
        is_ascending = order is LogOrder.ASC
        if head is None:
            return LogPage(resume_number=(number or 1) if is_ascending else None)
        start = number or (1 if is_ascending else head.last)
        scan = LogScan(start, order, wanted, limit)
        is_at_end = await self._scan(job_id, scan)
        is_at_end = is_at_end or (scan.number > head.last if is_ascending else scan.number < 1)
        return LogPage(
            lines=tuple(scan.lines),
            next_number=None if is_at_end else scan.number,
            resume_number=scan.number if is_ascending else None,
            n_kept=head.last,
            n_dropped=head.n_dropped,
            is_truncated=head.is_last,
        )

    async def _scan(self, job_id: str, scan: LogScan) -> bool:
        """Whether the scan has come to the end of the log."""
        for _ in range(READS_PER_CALL):
            batches = await self._logs.read(job_id, scan.number, scan.order, BATCHES_PER_READ)
            scan.look_through(batches)
            if scan.is_full:
                return False
            if len(batches) < BATCHES_PER_READ:
                return True
        return False
