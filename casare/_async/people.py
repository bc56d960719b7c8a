"""Users, tenants and the audit: `client.users`, `client.tenants`, `client.audit`."""

from collections.abc import AsyncIterator
from datetime import datetime

from casare._address import segment
from casare._async.pages import each_by_cursor, each_by_number
from casare._async.session import AsyncSession
from casare._calls import create, delete, fields, get, put
from casare.models import AuditEntry, Model, Tenant, User
from casare.models.access import AuditPage, TenantPage, UserPage


class AsyncUsers:
    """The people of the tenant."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def create(
        self,
        username: str,
        password: str,
        role: str,
        *,
        display_name: str | None = None,
        email: str | None = None,
        idempotency_key: str | None = None,
    ) -> User:
        """A user. `role`: `viewer`, `operator`, `developer` or `admin`. Raises Conflict when there is one so called."""
        body = fields(username=username, password=password, role=role, display_name=display_name, email=email)
        return await self._session.call(create("/users", User, body, idempotency_key))

    async def get(self, user_id: str) -> User:
        """The user. Raises NotFound."""
        return await self._session.call(get(f"/users/{segment(user_id)}", User))

    def list(self, *, page_size: int = 100) -> AsyncIterator[User]:
        """All users of the tenant."""
        return each_by_number(self._session, "/users", UserPage, {"limit": page_size})

    async def update(
        self,
        user_id: str,
        *,
        role: str | None = None,
        disabled: bool | None = None,
        password: str | None = None,
        display_name: str | None = None,
        email: str | None = None,
    ) -> User:
        """The user with what is given changed. Raises NotFound, and Conflict for the last administrator."""
        body = fields(role=role, disabled=disabled, password=password, display_name=display_name, email=email)
        return await self._session.call(put(f"/users/{segment(user_id)}", User, body))

    async def delete(self, user_id: str) -> None:
        """Removes the user from the tenant. Raises NotFound, and Conflict for the last administrator."""
        await self._session.call(delete(f"/users/{segment(user_id)}", Model))


class AsyncTenants:
    """The tenants of the installation, for its administrators."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def create(self, tenant_id: str, name: str, *, idempotency_key: str | None = None) -> Tenant:
        """A tenant. Raises Conflict when there is one so called."""
        body = {"tenant_id": tenant_id, "name": name}
        return await self._session.call(create("/tenants", Tenant, body, idempotency_key))

    async def get(self, tenant_id: str) -> Tenant:
        """The tenant. Raises NotFound."""
        return await self._session.call(get(f"/tenants/{segment(tenant_id)}", Tenant))

    def list(self, *, page_size: int = 100) -> AsyncIterator[Tenant]:
        """All tenants."""
        return each_by_number(self._session, "/tenants", TenantPage, {"limit": page_size})

    async def update(self, tenant_id: str, *, name: str | None = None, disabled: bool | None = None) -> Tenant:
        """The tenant with what is given changed. Raises NotFound."""
        return await self._session.call(
            put(f"/tenants/{segment(tenant_id)}", Tenant, fields(name=name, disabled=disabled))
        )


class AsyncAudit:
    """Who did what, and who was refused."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        resource_id: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[AuditEntry]:
        """Entries that match, newest first."""
        params = {
            "actor": actor,
            "action": action,
            "resource_id": resource_id,
            "outcome": outcome,
            "since": since,
            "until": until,
            "limit": page_size,
        }
        return each_by_cursor(self._session, "/audit", AuditPage, params)
