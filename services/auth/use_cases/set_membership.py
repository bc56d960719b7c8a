"""Letting an existing user into a tenant."""

from typing import Final

from services.auth.domain.session import USER_CHANGED
from services.auth.domain.tenant import TenantNotFound
from services.auth.domain.user import User, UserNotFound
from services.auth.ports import Tenants, Users
from services.auth.use_cases.store_user_change import PlannedChange, StoreUserChange
from shared.events.auth import UserUpdated
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role

MAX_TRIES: Final = 5


class SetMembership:
    """Gives a user a role in any tenant, for administrators of the installation. Doing it again changes nothing."""

    def __init__(self, *, users: Users, tenants: Tenants, store: StoreUserChange) -> None:
        self._users = users
        self._tenants = tenants
        self._store = store

    async def __call__(self, *, caller: Identity, tenant_id: str, user_id: str, role: Role) -> User:
        """The user afterwards. Raises `NotInstallationAdmin`, `TenantNotFound`, `UserNotFound`, `LastAdmin`."""
        caller.require_installation_admin()
        if await self._tenants.get(tenant_id) is None:
            raise TenantNotFound(tenant_id)
        for _ in range(MAX_TRIES):
            before = await self._users.get(user_id)
            if before is None or not before.tenants:
                raise UserNotFound(user_id)
            if before.tenants.get(tenant_id) is role:
                return before
            after = before.joined(tenant_id, role)
            announced = UserUpdated(user_id=user_id, role=role.value)
            if await self._store(PlannedChange(before, after, tenant_id, announced, USER_CHANGED)):
                return after
        raise Unavailable("The user kept changing. Try again.")
