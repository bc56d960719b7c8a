"""Rules of refresh families, and of users in their tenants."""

import pytest

from services.auth.domain.session import Lifetimes, begin_session
from services.auth.domain.user import Membership, User
from shared.kernel.permissions import Role

LIFETIMES = Lifetimes(access_ms=10_000, refresh_ms=100_000)
SESSION = begin_session(
    Membership("ada", "north", Role.ADMIN, user_version=1),
    session_id="s",
    refresh_id="r1",
    now_ms=5_999,
    lifetimes=LIFETIMES,
)


def test_times_are_whole_seconds_so_that_stored_and_signed_ones_agree() -> None:
    assert (SESSION.created_ms, SESSION.access_expires_ms, SESSION.expires_ms) == (5_000, 15_000, 105_000)


def test_a_refresh_moves_both_ends_on_and_makes_another_token_current() -> None:
    refreshed = SESSION.refreshed("r2", 8_000, LIFETIMES)

    assert (refreshed.version, refreshed.refresh_id) == (2, "r2")
    assert (refreshed.access_expires_ms, refreshed.expires_ms) == (18_000, 108_000)


def test_shorter_lifetimes_do_not_hide_an_older_access_token_that_lives_longer() -> None:
    refreshed = SESSION.refreshed("r2", 6_000, Lifetimes(access_ms=1_000, refresh_ms=100_000))

    assert refreshed.revoked("logout", 6_500).revoked_until_ms == 15_000


def test_a_revoked_session_says_why_and_until_when_tokens_must_be_refused() -> None:
    revoked = SESSION.revoked("logout", 7_000)

    assert revoked.is_revoked
    assert (revoked.version, revoked.revoked_ms, revoked.revoked_reason) == (2, 7_000, "logout")
    assert revoked.revoked_until_ms == SESSION.access_expires_ms


@pytest.mark.parametrize(
    ("tenants", "asked_for", "found"),
    [
        ({"default": Role.VIEWER, "a": Role.ADMIN}, None, "default"),
        ({"north": Role.VIEWER, "east": Role.ADMIN}, None, "east"),
        ({"north": Role.VIEWER, "east": Role.ADMIN}, "north", "north"),
        ({"north": Role.VIEWER}, "default", None),
        ({}, None, None),
    ],
)
def test_a_user_is_in_the_tenant_asked_for_or_in_a_fixed_one(
    tenants: dict[str, Role], asked_for: str | None, found: str | None
) -> None:
    user = User(user_id="ada", version=1, password_hash="", tenants=tenants, created_ms=0)

    member = user.membership(asked_for)

    assert (member.tenant_id if member else None) == found
    if member is not None:
        assert member.role is tenants[member.tenant_id]
