"""Renaming, disabling and enabling a tenant."""

from typing import Final

import msgspec

from services.auth.domain.tenant import Tenant, TenantNotFound
from services.auth.ports import Tenants
from shared.events import CloudEvent, wrap
from shared.events.auth import TenantUpdated
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity
from shared.kernel.ids import NewId

MAX_TRIES: Final = 5


class UpdateTenant:
    """One guarded write and its event. From then on a disabled tenant lets nobody in, and no session is refreshed.

    Its sessions, which may be thousands, end off the caller's path, with the event (`consumers.py`).
    """

    def __init__(self, *, tenants: Tenants, clock: Clock, new_id: NewId) -> None:
        self._tenants = tenants
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, caller: Identity, tenant_id: str, name: str | None, disabled: bool | None) -> Tenant:
        """The tenant afterwards. Raises `NotInstallationAdmin`, `TenantNotFound`, `DefaultTenantNeeded`."""
        caller.require_installation_admin()
        for _ in range(MAX_TRIES):
            before = await self._tenants.get(tenant_id)
            if before is None:
                raise TenantNotFound(tenant_id)
            after = before.updated(name=name, disabled=disabled, now_ms=self._clock.now_ms())
            if msgspec.structs.replace(after, version=before.version) == before:
                return before
            if await self._tenants.change(before, after, self._event(before, after)):
                return after
        raise Unavailable("The tenant kept changing. Try again.")

    def _event(self, before: Tenant, after: Tenant) -> CloudEvent:
        changed = TenantUpdated(
            name=after.name if after.name != before.name else None,
            disabled=after.is_disabled if after.is_disabled != before.is_disabled else None,
        )
        return wrap(
            changed,
            event_id=self._new_id(),
            subject=after.tenant_id,
            tenant_id=after.tenant_id,
            version=after.version,
            at_ms=self._clock.now_ms(),
        )
