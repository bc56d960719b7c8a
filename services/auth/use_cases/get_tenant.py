"""Reading one tenant."""

from services.auth.domain.tenant import Tenant, TenantNotFound
from services.auth.ports import Tenants, Users
from shared.kernel.identity import DEFAULT_TENANT, Identity


class GetTenant:
    """Administrators of the installation see every tenant, others those they belong to."""

    def __init__(self, *, users: Users, tenants: Tenants) -> None:
        self._users = users
        self._tenants = tenants

    async def __call__(self, *, caller: Identity, tenant_id: str) -> Tenant:
        """The tenant. Raises `TenantNotFound`, alike for one that is not the caller's."""
        tenant = await self._tenants.get(tenant_id)
        if tenant is None or not await self._may_see(caller, tenant_id):
            raise TenantNotFound(tenant_id)
        return tenant

    async def _may_see(self, caller: Identity, tenant_id: str) -> bool:
        if caller.tenant_id == DEFAULT_TENANT:
            return True
        user = await self._users.get(caller.subject)
        return user is not None and tenant_id in user.tenants
