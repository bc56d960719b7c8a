"""Creating a tenant."""

from dataclasses import dataclass

from services.auth.domain.tenant import FIRST_VERSION, Tenant, TenantExists
from services.auth.domain.user import UserNotFound
from services.auth.ports import Tenants, Users
from services.auth.use_cases.set_membership import SetMembership
from shared.events import CloudEvent, wrap
from shared.events.auth import TenantCreated
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity
from shared.kernel.ids import NewId
from shared.kernel.permissions import Role


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What an administrator of the installation decides about a tenant."""

    tenant_id: str
    name: str


class CreateTenant:
    """Stores a tenant and makes the caller its first administrator.

    Dying in between leaves a tenant without users. A repeat of the creation goes on; without an Idempotency-Key an
    administrator of the installation gives the tenant its first one by `SetMembership`.
    """

    def __init__(
        self, *, users: Users, tenants: Tenants, set_membership: SetMembership, clock: Clock, new_id: NewId
    ) -> None:
        self._users = users
        self._tenants = tenants
        self._set_membership = set_membership
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, caller: Identity, wanted: NewTenant, creation_id: str) -> Tenant:
        """The new tenant, or the one this creation made before. Raises `NotInstallationAdmin`, `TenantExists`."""
        caller.require_installation_admin()
        if await self._users.get(caller.subject) is None:
            raise UserNotFound(caller.subject)
        tenant = self._tenant(caller, wanted, creation_id)
        if not await self._tenants.add(tenant, self._event(tenant)):
            tenant = await self._made_before(tenant)
        await self._set_membership(caller=caller, tenant_id=tenant.tenant_id, user_id=caller.subject, role=Role.ADMIN)
        return tenant

    async def _made_before(self, wanted: Tenant) -> Tenant:
        found = await self._tenants.get(wanted.tenant_id)
        if found is None or found.creation_id != wanted.creation_id:
            raise TenantExists(wanted.tenant_id)
        return found

    def _tenant(self, caller: Identity, wanted: NewTenant, creation_id: str) -> Tenant:
        return Tenant(
            tenant_id=wanted.tenant_id,
            version=FIRST_VERSION,
            name=wanted.name,
            created_ms=self._clock.now_ms(),
            created_by=caller.subject,
            creation_id=creation_id,
        )

    def _event(self, tenant: Tenant) -> CloudEvent:
        return wrap(
            TenantCreated(name=tenant.name),
            event_id=self._new_id(),
            subject=tenant.tenant_id,
            tenant_id=tenant.tenant_id,
            version=tenant.version,
            at_ms=tenant.created_ms,
        )
