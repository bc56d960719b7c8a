"""Listing tenants."""

from collections.abc import Sequence

from services.auth.domain.tenant import Tenant
from services.auth.ports import Tenants, Users
from shared.kernel.identity import DEFAULT_TENANT, Identity


class ListTenants:
    """Shows all tenants to administrators of the installation, to others those they belong to."""

    def __init__(self, *, users: Users, tenants: Tenants) -> None:
        self._users = users
        self._tenants = tenants

    async def __call__(self, *, caller: Identity, limit: int, offset: int) -> tuple[Sequence[Tenant], int]:
        """A page by id, and how many there are in all."""
        return await self._tenants.page(await self._visible_to(caller), limit=limit, offset=offset)

    async def _visible_to(self, caller: Identity) -> Sequence[str] | None:
        """Ids, or None for all."""
        if caller.tenant_id == DEFAULT_TENANT:
            return None
        user = await self._users.get(caller.subject)
        return [] if user is None else sorted(user.tenants)
