"""Follows a job to its end."""

import time
from collections.abc import Callable
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


def follow(
    api: Api,
    job_id: str,
    *,
    seen: Callable[[Answer], None],
    trouble: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Answer:
    """The job once it has ended; `seen` gets it at every look, `trouble` why there was none.

    Raises ServerUnavailable when nobody has answered for a minute, and whatever else `api` raises.
    """
    pause = _FIRST_PAUSE_SECONDS
    last_answer = monotonic()
    while True:
        try:
            job = api.get(f"/jobs/{segment(job_id)}")
        except ServerUnavailable as error:
            wait = max(error.retry_after_seconds or 0, _LONGEST_PAUSE_SECONDS)
            if monotonic() - last_answer + wait > PATIENCE_SECONDS:
                raise
            trouble(str(error))
            sleep(wait)
            continue
        last_answer = monotonic()
        seen(job)
        if job.get("status") in ENDINGS:
            return job
        sleep(pause)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)
