"""Rules of the lockout, and the bounds of counting in memory."""

import pytest

from services.auth.adapters.memory_failed_logins import MemoryFailedLogins
from services.auth.domain.lockout import Attempt, LockoutPolicy, LoginLocked, Verdict, attacker_address
from shared.kernel.errors import Unavailable
from tests.support.clock import ManualClock

POLICY = LockoutPolicy(max_failures=2, window_ms=1_000, lock_ms=5_000)


@pytest.mark.parametrize(
    ("address", "locked"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0db8:0001:0002::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_what_is_locked_is_an_ipv4_address_or_the_ipv6_site(address: str, locked: str) -> None:
    assert attacker_address(address) == locked


@pytest.mark.parametrize(("wait_ms", "seconds"), [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (900_000, 900)])
def test_retry_after_is_whole_seconds_rounded_up(wait_ms: int, seconds: int) -> None:
    assert LoginLocked(wait_ms).retry_after_seconds == seconds


async def test_a_locked_address_does_not_fill_the_memory_with_names() -> None:
    failed_logins = MemoryFailedLogins(POLICY, ManualClock())
    for number in range(100):
        attempt = Attempt(str(number), f"name {number}", "192.0.2.1")
        await failed_logins.reserve(attempt)
        await failed_logins.fail(attempt)

    assert len(failed_logins) == 1 + POLICY.max_failures


async def test_memory_is_bounded_by_refusing_and_freed_by_time() -> None:
    clock = ManualClock()
    failed_logins = MemoryFailedLogins(POLICY, clock, max_remembered=4)
    for number in range(2):
        await failed_logins.reserve(Attempt(str(number), f"name {number}", f"192.0.2.{number}"))
    with pytest.raises(Unavailable):
        await failed_logins.reserve(Attempt("x", "one more", "192.0.2.99"))

    known = await failed_logins.reserve(Attempt("y", "name 0", "192.0.2.0"))
    clock.advance(ms=POLICY.window_ms + POLICY.lock_ms + 1)
    later = await failed_logins.reserve(Attempt("z", "one more", "192.0.2.99"))

    assert (known.verdict, later.verdict) == (Verdict.GRANTED, Verdict.GRANTED)
    assert len(failed_logins) == 2
