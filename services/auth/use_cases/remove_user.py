"""Taking a user out of a tenant."""

from typing import Final

from services.auth.domain.session import USER_DELETED
from services.auth.domain.user import User
from services.auth.use_cases.get_user import GetUser
from services.auth.use_cases.store_user_change import PlannedChange, StoreUserChange
from shared.events.auth import UserDeleted
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity

MAX_TRIES: Final = 5


class RemoveUser:
    """Ends a membership; with the last one the account goes: its password and profile are erased at once."""

    def __init__(self, *, get_user: GetUser, store: StoreUserChange, clock: Clock) -> None:
        self._get_user = get_user
        self._store = store
        self._clock = clock

    async def __call__(self, *, caller: Identity, tenant_id: str, user_id: str) -> User:
        """The user afterwards. Raises `UserNotFound`, `LastAdmin`; for another tenant `NotInstallationAdmin`."""
        if tenant_id != caller.tenant_id:
            caller.require_installation_admin()
        for _ in range(MAX_TRIES):
            before = await self._get_user(tenant_id=tenant_id, user_id=user_id)
            after = before.left(tenant_id, self._clock.now_ms())
            announced = UserDeleted(user_id=user_id, account_deleted=not after.tenants)
            if await self._store(PlannedChange(before, after, tenant_id, announced, USER_DELETED)):
                return after
        raise Unavailable("The user kept changing. Try again.")
