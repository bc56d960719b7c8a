"""What passes by itself, when one waits."""

from typing import Final

from casare.errors import CasareError, ConnectionFailed, RateLimited, Unavailable

PATIENCE_SECONDS: Final = 60.0
"""A server that restarts is waited for; one that is gone for longer ends the wait, not the job."""
PASSING: Final = (ConnectionFailed, Unavailable, RateLimited)
_PAUSE_SECONDS: Final = 1.0


def pause_seconds(error: CasareError) -> float:
    """How long to wait before the next look: as long as the server asked for, within reason."""
    asked = error.retry_after if isinstance(error, Unavailable | RateLimited) else None
    return min(asked or _PAUSE_SECONDS, PATIENCE_SECONDS)
