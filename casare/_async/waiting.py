"""Waiting for jobs to end."""

import math
import time
from collections.abc import Callable, Mapping

from casare._async.timing import sleep
from casare._async.watching import AsyncWatcher
from casare._pacing import Pace
from casare.errors import WaitTimedOut
from casare.models import JobRecord
from casare.progress import Progress, progress_of


async def wait_for(
    watcher: AsyncWatcher,
    jobs: Mapping[str, str | None],
    *,
    pace: Pace,
    timeout: float | None,  # noqa: ASYNC109 (a bound on the waiting, of which the caller is told what was seen)
    on_progress: Callable[[Progress], None] | None,
) -> dict[str, JobRecord]:
    """All jobs as they ended. Raises WaitTimedOut after `timeout` seconds, and what the server refuses."""
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    known: dict[str, JobRecord] = {}
    watcher.begin(jobs)
    try:
        await sleep(0)  # whoever begins at the same time is served by the same look
        while True:
            fresh = time.monotonic() - pace.fresh_seconds
            seen = await watcher.look(jobs.keys(), not_older_than=fresh, until=deadline)
            changed = [record for job_id, record in seen.items() if record != known.get(job_id)]
            known |= seen
            if changed:
                pace.reset()
                if on_progress is not None:
                    on_progress(progress_of(len(jobs), known, changed))
            if sum(record.has_ended for record in known.values()) == len(jobs):
                return known
            await _rest(pace, deadline, jobs, known)
    finally:
        watcher.end(jobs)


async def _rest(pace: Pace, deadline: float, jobs: Mapping[str, str | None], known: Mapping[str, JobRecord]) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        open_jobs = [job_id for job_id in jobs if job_id not in known or not known[job_id].has_ended]
        told = ", ".join(
            f"{job_id} ({known[job_id].status if job_id in known else 'unknown'})" for job_id in open_jobs[:3]
        )
        more = f" and {len(open_jobs) - 3} more" if len(open_jobs) > 3 else ""
        raise WaitTimedOut(f"Not ended in time: {told}{more}. The jobs go on: wait again, or cancel them.")
    await sleep(min(pace.next_seconds(), left))
