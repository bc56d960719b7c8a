"""Follows jobs to their end."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from cli.client.api import Answer, Api, segment
from cli.failures import ServerUnavailable

ENDINGS: Final = frozenset({"completed", "failed", "cancelled", "timeout"})
PATIENCE_SECONDS: Final = 60.0
"""A server that restarts is waited for; one that is gone for longer ends the watch, not the job."""
_FIRST_PAUSE_SECONDS: Final = 0.2
# 60 calls a minute: the route takes 200 from one credential, and somebody may watch several jobs.
_LONGEST_PAUSE_SECONDS: Final = 1.0
_GROWTH: Final = 1.25
_PAUSE_PER_JOB_SECONDS: Final = 0.4
"""150 calls a minute, however many jobs are watched."""


def follow(
    api: Api,
    job_id: str,
    *,
    seen: Callable[[Answer], None],
    trouble: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Answer:
    """The job once it has ended; see `follow_all`."""
    return follow_all(api, [job_id], seen=seen, trouble=trouble, sleep=sleep, monotonic=monotonic)[0]


def follow_all(
    api: Api,
    job_ids: Sequence[str],
    *,
    seen: Callable[[Answer], None],
    trouble: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Answer]:
    """The jobs in their order once all have ended; `seen` gets each at every look, `trouble` why there was none.

    Raises ServerUnavailable when nobody has answered for a minute, and whatever else `api` raises.
    """
    ended: dict[str, Answer] = {}
    pause = _FIRST_PAUSE_SECONDS
    last_answer = monotonic()
    while waiting := [job_id for job_id in dict.fromkeys(job_ids) if job_id not in ended]:
        try:
            for job_id in waiting:
                job = api.get(f"/jobs/{segment(job_id)}")
                last_answer = monotonic()
                seen(job)
                if job.get("status") in ENDINGS:
                    ended[job_id] = job
        except ServerUnavailable as error:
            wait = max(error.retry_after_seconds or 0, _LONGEST_PAUSE_SECONDS)
            if monotonic() - last_answer + wait > PATIENCE_SECONDS:
                raise
            trouble(str(error))
            sleep(wait)
            continue
        if len(ended) < len(set(job_ids)):
            sleep(max(pause, len(waiting) * _PAUSE_PER_JOB_SECONDS if len(waiting) > 1 else 0))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)
    return [ended[job_id] for job_id in job_ids]
