"""Logging in."""

from services.auth.domain.lockout import LoginLocked
from services.auth.domain.session import MEMBERSHIP_ENDED, Lifetimes, Session, TokenPair, begin_session
from services.auth.domain.user import InvalidCredentials, Membership
from services.auth.ports import Sessions, Tokens
from services.auth.use_cases.authenticate import Authenticate
from services.auth.use_cases.recheck_session import RecheckSession
from services.auth.use_cases.record_failed_login import RecordFailedLogin
from services.auth.use_cases.revoke_session import RevokeSession
from shared.events import CloudEvent, wrap
from shared.events.auth import UserLoggedIn
from shared.kernel.clock import Clock
from shared.kernel.ids import NewId


class LogIn:
    """Opens a session for whoever knows the password.

    Dying between the stored session and the answer leaves a session whose tokens nobody holds; it ends by itself.
    What changed about the user since the password was looked at ends the session before anybody has its tokens.
    """

    def __init__(
        self,
        *,
        authenticate: Authenticate,
        recheck_session: RecheckSession,
        revoke_session: RevokeSession,
        record_failed_login: RecordFailedLogin,
        sessions: Sessions,
        tokens: Tokens,
        lifetimes: Lifetimes,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._authenticate = authenticate
        self._recheck = recheck_session
        self._revoke = revoke_session
        self._record_failed_login = record_failed_login
        self._sessions = sessions
        self._tokens = tokens
        self._lifetimes = lifetimes
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, username: str, password: str, tenant_id: str | None, address: str) -> TokenPair:
        """Tokens of a new session. Raises what `Authenticate` raises."""
        member = await self._member(username=username, password=password, tenant_id=tenant_id, address=address)
        session = begin_session(
            member,
            session_id=self._new_id(),
            refresh_id=self._new_id(),
            now_ms=self._clock.now_ms(),
            lifetimes=self._lifetimes,
        )
        await self._sessions.add(session, self._event(session))
        if await self._recheck(session) is None:
            await self._revoke(tenant_id=session.tenant_id, session_id=session.session_id, reason=MEMBERSHIP_ENDED)
            raise InvalidCredentials
        return self._tokens.issue(session, member.role)

    async def _member(self, *, username: str, password: str, tenant_id: str | None, address: str) -> Membership:
        """Who it is; a refusal is in the audit before the caller hears of it."""
        try:
            return await self._authenticate(username=username, password=password, tenant_id=tenant_id, address=address)
        except (InvalidCredentials, LoginLocked) as refusal:
            await self._record_failed_login(username=username, tenant_id=tenant_id, address=address, refusal=refusal)
            raise

    def _event(self, session: Session) -> CloudEvent:
        return wrap(
            UserLoggedIn(user_id=session.user_id, session_id=session.session_id),
            event_id=self._new_id(),
            subject=session.session_id,
            tenant_id=session.tenant_id,
            version=session.version,
            at_ms=session.created_ms,
        )
