"""Ending the sessions that a change of a user or tenant leaves without ground."""

import asyncio
from collections.abc import Sequence
from typing import Final

from services.auth.domain.session import Session
from services.auth.ports import Sessions
from services.auth.use_cases.revoke_session import RevokeSession

AT_ONCE: Final = 100


class EndSessions:
    """Ends sessions a hundred at a time; a repeat goes on where an earlier run died, and spares younger sessions.

    Logins under way are caught by `RecheckSession`: either the session is found here, or the login sees the change.
    """

    def __init__(self, *, sessions: Sessions, revoke_session: RevokeSession) -> None:
        self._sessions = sessions
        self._revoke = revoke_session

    async def of_user(
        self,
        *,
        user_id: str,
        tenant_id: str | None,
        before_version: int,
        reason: str,
        except_session: str | None = None,
    ) -> None:
        """End what began before the user's version `before_version`; without a tenant, in all. Raises `Unavailable`."""
        while found := await self._sessions.begun_by(
            user_id, tenant_id, before_version=before_version, except_session=except_session, limit=AT_ONCE
        ):
            await self._end(found, reason)

    async def of_tenant(self, *, tenant_id: str, until_ms: int, reason: str) -> None:
        """End what began in the tenant at `until_ms` or earlier. Raises `Unavailable`."""
        while found := await self._sessions.begun_in(tenant_id, until_ms=until_ms, limit=AT_ONCE):
            await self._end(found, reason)

    async def _end(self, sessions: Sequence[Session], reason: str) -> None:
        await asyncio.gather(
            *(self._revoke(tenant_id=it.tenant_id, session_id=it.session_id, reason=reason) for it in sessions)
        )
