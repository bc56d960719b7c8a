"""Whether a session may go on."""

from services.auth.domain.session import Session
from services.auth.domain.user import Membership
from services.auth.ports import Tenants, Users


class RecheckSession:
    """Looks at the user and the tenant anew.

    A login asks after its session is stored: whoever changes the user writes first and looks for sessions then, so
    one of the two sees the other.
    """

    def __init__(self, *, users: Users, tenants: Tenants) -> None:
        self._users = users
        self._tenants = tenants

    async def __call__(self, session: Session) -> Membership | None:
        """The membership as it is now, or None when the session is over."""
        user = await self._users.get(session.user_id)
        tenant = await self._tenants.get(session.tenant_id)
        if user is None or not user.keeps_session(session.tenant_id, session.user_version):
            return None
        return None if tenant is not None and tenant.is_disabled else user.membership(session.tenant_id)
