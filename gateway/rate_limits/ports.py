"""Limits, decisions, and the port both kinds of buckets fill.

A bucket holds `capacity` tokens and refills continuously, `capacity` per period. Both adapters store one number for it:
the moment at which it will be full again. A bucket that is not stored is full; the tokens missing now are the time
until then divided by the time one takes. Times are whole microseconds, so that rounding lets none too many through.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from shared.kernel.errors import Unavailable

US_PER_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`capacity` requests at once, and as many per `period_seconds` in the long run. `name` keeps its buckets apart."""

    name: str
    capacity: int
    period_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not self.name or ":" in self.name:
            raise ValueError(f"a limit's name is not empty and has no colon: {self.name!r}")
        if self.capacity < 1 or self.token_us < 1:
            raise ValueError(f"limit {self.name}: needs a token at least, and a microsecond for each")

    @property
    def token_us(self) -> int:
        """Microseconds in which one token comes back."""
        return round(self.period_seconds * US_PER_SECOND / self.capacity)

    @property
    def drained_us(self) -> int:
        """Microseconds in which an empty bucket becomes full."""
        return self.token_us * self.capacity


@dataclass(frozen=True, slots=True)
class Decision:
    """What a bucket said, in the numbers of the response headers."""

    allowed: bool
    limit: int
    """`X-RateLimit-Limit`: the bucket's capacity."""
    remaining: int
    """`X-RateLimit-Remaining`: whole tokens left after this request."""
    reset_seconds: int
    """`X-RateLimit-Reset`: seconds, rounded up, until the bucket is full if nothing more is taken."""
    retry_after_seconds: int
    """`Retry-After`: seconds, rounded up and at least 1, until the next token; 0 when allowed."""

    @classmethod
    def of(cls, limit: Limit, *, allowed: bool, full_in_us: int) -> "Decision":
        """From the microseconds until the bucket is full again, this request's token included if it got one."""
        missing_tokens = _divide_up(full_in_us, limit.token_us)
        next_token_us = full_in_us + limit.token_us - limit.drained_us
        return cls(
            allowed=allowed,
            limit=limit.capacity,
            remaining=limit.capacity - missing_tokens,
            reset_seconds=_divide_up(full_in_us, US_PER_SECOND),
            retry_after_seconds=0 if allowed else max(1, _divide_up(next_token_us, US_PER_SECOND)),
        )


class TokenBuckets(Protocol):
    """Buckets by limit and key."""

    async def take(self, key: str, limit: Limit) -> Decision:
        """Takes one token from `key`'s bucket if there is one; a refused request takes nothing.

        `key` names the credential or the client address (clarifications 9). Raises BucketsUnavailable.
        """
        ...


class BucketsUnavailable(Unavailable):
    """The shared buckets did not answer in time; nothing is known about the limit."""

    code = "RATE_LIMITS_UNAVAILABLE"


def _divide_up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
