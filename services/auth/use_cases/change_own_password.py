"""Changing one's own password."""

from typing import Final

import structlog

from services.auth.domain.session import USER_CHANGED
from services.auth.domain.user import InvalidCredentials, User, UserChanged
from services.auth.ports import Passwords, Sessions, Users, WaitingLine
from services.auth.use_cases.authenticate import Authenticate
from services.auth.use_cases.end_sessions import EndSessions
from shared.events import CloudEvent, wrap
from shared.events.auth import UserUpdated
from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden, Unavailable
from shared.kernel.identity import Identity
from shared.kernel.ids import NewId

MAX_TRIES: Final = 5

_log: Final = structlog.get_logger(__name__)


class WrongPassword(Forbidden):
    """The current password is not right. Not 401: the caller's token is good, and another one would not help."""

    code = "WRONG_PASSWORD"

    def __init__(self) -> None:
        super().__init__("The current password is wrong.")


class ChangeOwnPassword:
    """Replaces the password of whoever knows it, and ends all their sessions, in every tenant, but the present one.

    The lockout counts wrong passwords as it does at login. The write is guarded by the version that the current
    password was checked against: an administrator's reset in between wins. Dying before the present session was
    carried over ends that one too.
    """

    def __init__(
        self,
        *,
        authenticate: Authenticate,
        users: Users,
        sessions: Sessions,
        end_sessions: EndSessions,
        passwords: Passwords,
        line: WaitingLine,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._authenticate = authenticate
        self._users = users
        self._sessions = sessions
        self._end_sessions = end_sessions
        self._passwords = passwords
        self._line = line
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, caller: Identity, current: str, new: str, address: str) -> None:
        """Return when the new password holds. Raises `WrongPassword`, `LoginLocked`, `UserChanged`, `Unavailable`."""
        before = await self._checked(caller, current, address)
        async with self._line.turn():
            after = before.with_own_password(await self._passwords.hash(new))
        if not await self._users.change(before, after, self._event(caller, after)):
            raise UserChanged
        _log.info("password_changed", user_id=after.user_id)
        try:
            await self._carry_over(caller, after.version)
            await self._end_sessions.of_user(
                user_id=after.user_id,
                tenant_id=None,
                before_version=after.version,
                reason=USER_CHANGED,
                except_session=caller.session_id,
            )
        except Unavailable as error:
            _log.warning("sessions_end_with_the_event", user_id=after.user_id, reason=error.detail)

    async def _checked(self, caller: Identity, current: str, address: str) -> User:
        try:
            member = await self._authenticate(
                username=caller.subject, password=current, tenant_id=caller.tenant_id, address=address
            )
        except InvalidCredentials as error:
            raise WrongPassword from error
        user = await self._users.get(caller.subject)
        if user is None or user.version != member.user_version:
            raise UserChanged
        return user

    async def _carry_over(self, caller: Identity, version: int) -> None:
        """Let the present session go on; loses only to refreshes of the same session."""
        for _ in range(MAX_TRIES):
            session = await self._sessions.get(caller.tenant_id, caller.session_id or "")
            if session is None or session.is_revoked or await self._sessions.carry_over(session, version):
                return

    def _event(self, caller: Identity, user: User) -> CloudEvent:
        return wrap(
            UserUpdated(user_id=user.user_id, password_changed=True, kept_session_id=caller.session_id),
            event_id=self._new_id(),
            subject=user.user_id,
            tenant_id=caller.tenant_id,
            version=user.version,
            at_ms=self._clock.now_ms(),
        )
