"""Ending a refresh family."""

from typing import Final

import structlog

from services.auth.domain.session import Session
from services.auth.ports import Sessions
from shared.events import wrap
from shared.events.auth import SessionRevoked
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.ids import NewId

MAX_TRIES: Final = 10
"""Each try loses only to a refresh of the same session in the moment between its read and its write."""

_log: Final = structlog.get_logger(__name__)


class RevokeSession:
    """Ends a session once and for all; its access tokens are refused by the gateways, which hear of it."""

    def __init__(self, *, sessions: Sessions, clock: Clock, new_id: NewId) -> None:
        self._sessions = sessions
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, tenant_id: str, session_id: str, reason: str) -> None:
        """Return when the session is over; one that is over, or gone, stays as it is. Raises `Unavailable`."""
        for _ in range(MAX_TRIES):
            session = await self._sessions.get(tenant_id, session_id)
            if session is None or session.is_revoked or await self._try(session, reason):
                return
        raise Unavailable("The session kept changing while it was being ended.")

    async def _try(self, session: Session, reason: str) -> bool:
        now_ms = self._clock.now_ms()
        after = session.revoked(reason, now_ms)
        event = wrap(
            SessionRevoked(
                user_id=session.user_id,
                session_id=session.session_id,
                reason=reason,
                tokens_expire_ms=session.access_expires_ms,
            ),
            event_id=self._new_id(),
            subject=session.session_id,
            tenant_id=session.tenant_id,
            version=after.version,
            at_ms=now_ms,
        )
        if not await self._sessions.revoke(session, after, event):
            return False
        _log.info("session_revoked", session_id=session.session_id, reason=reason)
        return True
