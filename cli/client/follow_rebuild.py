"""Follows a rebuild of the figures to its end."""

import time
from collections.abc import Callable
from typing import Final

from cli.client.api import Answer, Api

_PAUSE_SECONDS: Final = 0.5
"""120 calls a minute, of the 200 that the route takes."""


def follow_rebuild(
    api: Api, latest: Answer, *, seen: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
) -> Answer:
    """The rebuild once it has ended; `seen` is told of each step forward. Raises what `api` raises."""
    n_told = 0
    while latest.get("status") == "running":
        sleep(_PAUSE_SECONDS)
        latest = api.get("/metrics/rebuild")
        n_done = latest.get("days_done") or 0
        if n_done > n_told:
            n_told = n_done
            seen(f"{n_done} of {latest.get('days_total')} days")
    return latest
