"""When guessing stops: failed logins lock the account and the address they came from (clarifications 4).

An attempt takes its place before the password is looked at and gives it back when it succeeds, so that guesses made
at the same time cannot outnumber the limit. A refused attempt on a locked account still counts for its address.
"""

from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from shared.kernel.errors import RateLimited

BUSY_RETRY_MS: Final = 1_000
"""When to come back while attempts under way take up what is left of the limit."""

_MS_PER_SECOND: Final = 1000
_IPV6_SITE_BITS: Final = 64


class LoginLocked(RateLimited):
    """Too many failed logins for this account or address."""

    code = "LOGIN_LOCKED"

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(
            "Too many failed logins. Try again later.",
            retry_after_seconds=max(1, -(-retry_after_ms // _MS_PER_SECOND)),
        )


@dataclass(frozen=True, slots=True)
class LockoutPolicy:
    """`max_failures` within `window_ms` lock for `lock_ms`."""

    max_failures: int
    window_ms: int
    lock_ms: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to log in. `id` is unique; `account` is what was typed, whether it exists or not."""

    id: str
    account: str
    address: str


class Verdict(IntEnum):
    """Whether an attempt may go on. The numbers are those of `reserve_attempt.lua`."""

    GRANTED = 0
    ACCOUNT_LOCKED = 1
    """The attempt has a place at its address only."""
    REFUSED = 2
    """The address is locked, or attempts under way take up what is left of a limit; the attempt counts for nothing."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The verdict on an attempt, and when a refused one may be repeated."""

    verdict: Verdict
    retry_after_ms: int = 0


def attacker_address(address: str) -> str:
    """What is locked for `address`: an IPv4 address itself, of an IPv6 one the /64 that a single site commands."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return _site_of(parsed)


def _site_of(address: IPv6Address) -> str:
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_SITE_BITS), strict=False))
