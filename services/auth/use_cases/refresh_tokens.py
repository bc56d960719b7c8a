"""Changing a refresh token for a new pair of tokens."""

from typing import Final, NoReturn

from services.auth.domain.session import (
    MEMBERSHIP_ENDED,
    REUSED,
    InvalidRefreshToken,
    Lifetimes,
    RefreshClaims,
    Session,
    TokenPair,
)
from services.auth.domain.user import Membership
from services.auth.ports import Sessions, Tokens
from services.auth.use_cases.recheck_session import RecheckSession
from services.auth.use_cases.revoke_session import RevokeSession
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.ids import NewId

MAX_TRIES: Final = 5


class RefreshTokens:
    """Rotates a session's refresh token (clarifications 6).

    Of two uses of one token, one rotates it; the other is a reuse, whether it comes at the same moment or later, and
    ends the family: the server cannot tell a client's repeat from a thief's copy. The user's role is read anew.
    """

    def __init__(
        self,
        *,
        recheck_session: RecheckSession,
        sessions: Sessions,
        revoke_session: RevokeSession,
        tokens: Tokens,
        lifetimes: Lifetimes,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._recheck = recheck_session
        self._sessions = sessions
        self._revoke_session = revoke_session
        self._tokens = tokens
        self._lifetimes = lifetimes
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, refresh_token: str) -> TokenPair:
        """The next pair. Raises `WrongTokenType` (400) or `InvalidRefreshToken` (401)."""
        claims = self._tokens.read_refresh(refresh_token)
        for _ in range(MAX_TRIES):  # the session may change without being rotated: see `ChangeOwnPassword`
            session = await self._live_session(claims)
            if session.refresh_id != claims.refresh_id:
                await self._end(session, REUSED)
            member = await self._member(session)
            after = session.refreshed(self._new_id(), self._clock.now_ms(), self._lifetimes)
            if await self._sessions.refresh(session, after):
                return self._tokens.issue(after, member.role)
        raise Unavailable("The session kept changing while it was being refreshed.")

    async def _live_session(self, claims: RefreshClaims) -> Session:
        session = await self._sessions.get(claims.tenant_id, claims.session_id)
        if session is None or session.is_revoked:
            raise InvalidRefreshToken
        return session

    async def _member(self, session: Session) -> Membership:
        member = await self._recheck(session)
        if member is None:
            await self._end(session, MEMBERSHIP_ENDED)
        return member

    async def _end(self, session: Session, reason: str) -> NoReturn:
        await self._revoke_session(tenant_id=session.tenant_id, session_id=session.session_id, reason=reason)
        raise InvalidRefreshToken
