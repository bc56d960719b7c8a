"""Logging out."""

from services.auth.domain.session import LOGGED_OUT, NoSession
from services.auth.use_cases.revoke_session import RevokeSession
from shared.kernel.identity import Identity


class LogOut:
    """Ends the caller's session: the access token and the refresh family at once (clarifications 6)."""

    def __init__(self, *, revoke_session: RevokeSession) -> None:
        self._revoke_session = revoke_session

    async def __call__(self, *, caller: Identity) -> None:
        """Return when the session is over, also when it already was. Raises `NoSession`."""
        if caller.session_id is None:
            raise NoSession
        await self._revoke_session(tenant_id=caller.tenant_id, session_id=caller.session_id, reason=LOGGED_OUT)
