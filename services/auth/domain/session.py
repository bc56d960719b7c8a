"""A session is a refresh family: one login, and every pair of tokens that came from it (clarifications 6).

At each moment one refresh token of the family is current. Using it makes the next one current; showing any other
one means that a copy is about, and ends the family.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from services.auth.domain.user import Membership
from shared.kernel.errors import Invalid, Unauthenticated

FIRST_VERSION: Final = 1
_MS_PER_SECOND: Final = 1000

LOGGED_OUT: Final = "logout"
REUSED: Final = "reuse"
MEMBERSHIP_ENDED: Final = "membership_ended"
USER_CHANGED: Final = "user_changed"
USER_DELETED: Final = "user_deleted"
TENANT_DISABLED: Final = "tenant_disabled"


class InvalidRefreshToken(Unauthenticated):
    """Malformed, forged, expired, revoked or spent: the caller must log in again."""

    code = "INVALID_REFRESH_TOKEN"

    def __init__(self) -> None:
        super().__init__("The refresh token is expired or invalid.")


class WrongTokenType(Invalid):
    """A genuine token of another type where a refresh token belongs (contract, `POST /auth/refresh`)."""

    code = "WRONG_TOKEN_TYPE"

    def __init__(self) -> None:
        super().__init__("Invalid token type: a refresh token is needed.")


class NoSession(Unauthenticated):
    """The caller's credential was not obtained by a login."""

    code = "NO_SESSION"

    def __init__(self) -> None:
        super().__init__("This credential belongs to no session.")


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long tokens are good for, in milliseconds."""

    access_ms: int
    refresh_ms: int


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login or a refresh hands out."""

    access_token: str
    refresh_token: str
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """What a verified refresh token says."""

    session_id: str
    tenant_id: str
    refresh_id: str


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refresh family. Times in epoch milliseconds, on whole seconds where a token states them."""

    session_id: str = msgspec.field(name="_id")
    tenant_id: str
    version: int
    user_id: str
    refresh_id: str
    """The `jti` of the family's one current refresh token."""
    created_ms: int
    refreshed_ms: int
    access_expires_ms: int
    """When the youngest access token ends, and with it every older one."""
    expires_ms: int
    """When the current refresh token ends."""
    user_version: int = 0
    """Of the user when the session began: a later change may end the sessions that began before it."""
    revoked_ms: int | None = None
    revoked_reason: str | None = None
    revoked_until_ms: int | None = None
    """Of a revoked session: until when access tokens of it may still be shown and must be refused."""

    @property
    def is_revoked(self) -> bool:
        """Whether the family has been ended."""
        return self.revoked_ms is not None

    def refreshed(self, refresh_id: str, now_ms: int, lifetimes: Lifetimes) -> "Session":
        """The session after its refresh token was used and `refresh_id` became the current one."""
        issued_ms = _whole_seconds(now_ms)
        return msgspec.structs.replace(
            self,
            version=self.version + 1,
            refresh_id=refresh_id,
            refreshed_ms=issued_ms,
            access_expires_ms=max(self.access_expires_ms, issued_ms + lifetimes.access_ms),
            expires_ms=issued_ms + lifetimes.refresh_ms,
        )

    def revoked(self, reason: str, now_ms: int) -> "Session":
        """The session after its end."""
        return msgspec.structs.replace(
            self,
            version=self.version + 1,
            revoked_ms=now_ms,
            revoked_reason=reason,
            revoked_until_ms=self.access_expires_ms,
        )


def begin_session(
    member: Membership, *, session_id: str, refresh_id: str, now_ms: int, lifetimes: Lifetimes
) -> Session:
    """The session of a login at `now_ms`."""
    issued_ms = _whole_seconds(now_ms)
    return Session(
        session_id=session_id,
        tenant_id=member.tenant_id,
        version=FIRST_VERSION,
        user_id=member.user_id,
        user_version=member.user_version,
        refresh_id=refresh_id,
        created_ms=issued_ms,
        refreshed_ms=issued_ms,
        access_expires_ms=issued_ms + lifetimes.access_ms,
        expires_ms=issued_ms + lifetimes.refresh_ms,
    )


def _whole_seconds(at_ms: int) -> int:
    """JWT times are seconds: rounding down keeps what is stored and what the token says the same."""
    return at_ms // _MS_PER_SECOND * _MS_PER_SECOND
