"""Never leaving a tenant without an administrator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from services.auth.domain.tenant import TenantNotFound
from services.auth.domain.user import LastAdmin
from services.auth.ports import Tenants, Users
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable

MAX_TRIES: Final = 10

_log: Final = structlog.get_logger(__name__)


class KeepAnAdmin:
    """Lets administrators of a tenant lose their rights one after the other, though each is a document of its own.

    Whoever takes the rights of one away notes it in the tenant first, guarded by the version read before the
    administrators were counted; those noted do not count. So of two who take each other's rights away at once, the
    second finds the note, or fails at the guard and counts again. A note whose writer died is void after a minute;
    until then it can only refuse too much. Every change that ends an administrator goes through here.
    """

    def __init__(self, *, users: Users, tenants: Tenants, clock: Clock) -> None:
        self._users = users
        self._tenants = tenants
        self._clock = clock

    @asynccontextmanager
    async def without(self, user_id: str, tenant_id: str) -> AsyncIterator[None]:
        """Within the block the user may lose the rights. Raises `LastAdmin`, `TenantNotFound` or `Unavailable`."""
        since_ms = await self._note(user_id, tenant_id)
        try:
            yield
        finally:
            await self._forget(user_id, tenant_id, since_ms)

    async def _note(self, user_id: str, tenant_id: str) -> int:
        for _ in range(MAX_TRIES):
            now_ms = self._clock.now_ms()
            tenant = await self._tenants.get(tenant_id)
            if tenant is None:
                raise TenantNotFound(tenant_id)
            admins = [it.user_id for it in await self._users.admins_of(tenant_id) if it.is_admin_of(tenant_id)]
            if not any(it != user_id and not tenant.is_leaving(it, now_ms) for it in admins):
                raise LastAdmin(tenant_id)
            if await self._tenants.note_leaver(tenant, tenant.with_leaver(user_id, now_ms)):
                return now_ms
        raise Unavailable("The tenant kept changing. Try again.")

    async def _forget(self, user_id: str, tenant_id: str, since_ms: int) -> None:
        try:
            await self._tenants.forget_leaver(tenant_id, user_id, since_ms)
        except Unavailable as error:
            _log.warning("leaving_admin_not_forgotten", tenant_id=tenant_id, reason=error.detail)
