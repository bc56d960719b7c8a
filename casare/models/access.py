"""Keys, users, tenants and the audit."""

from datetime import datetime
from typing import Any

import msgspec

from casare.models.base import Model


class ApiKey(Model, frozen=True, kw_only=True):
    """A robot's key, without its secret. `status`: `active`, `expired` or `revoked`."""

    id: str
    robot_id: str | None = None
    key_name: str
    status: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    environment: str | None = None
    description: str | None = None
    rotated_to: str | None = None


class NewApiKey(Model, frozen=True, kw_only=True):
    """A key that was made: `api_key` is shown only this once; the repr hides it."""

    api_key: str
    key: ApiKey
    previous: ApiKey | None = None

    def __repr__(self) -> str:
        return f"NewApiKey(api_key=<hidden>, key={self.key!r})"


class KeyPage(Model, frozen=True, kw_only=True):
    """Keys."""

    items: list[ApiKey] = msgspec.field(name="keys")
    total: int


class RevokedKey(Model, frozen=True, kw_only=True):
    """A key that was revoked."""

    key: ApiKey


class Identity(Model, frozen=True, kw_only=True):
    """Who the client is to the server."""

    user_id: str
    roles: list[str]
    tenant_id: str


class User(Model, frozen=True, kw_only=True):
    """A member of a tenant. `role`: `viewer`, `operator`, `developer` or `admin`."""

    user_id: str
    role: str
    tenant_id: str
    disabled: bool
    display_name: str | None = None
    email: str | None = None
    created_at: datetime


class UserPage(Model, frozen=True, kw_only=True):
    """Users."""

    items: list[User] = msgspec.field(name="users")
    total: int


class Tenant(Model, frozen=True, kw_only=True):
    """A tenant of the installation."""

    tenant_id: str
    name: str
    disabled: bool
    created_at: datetime


class TenantPage(Model, frozen=True, kw_only=True):
    """Tenants."""

    items: list[Tenant] = msgspec.field(name="tenants")
    total: int


class Named(Model, frozen=True, kw_only=True):
    """Somebody or something by kind and id."""

    kind: str
    id: str


class AuditEntry(Model, frozen=True, kw_only=True):
    """Who did what, or was refused it. `outcome`: `done` or `refused`."""

    id: str
    timestamp: datetime
    actor: Named
    action: str
    resource: Named
    address: str | None = None
    request_id: str | None = None
    outcome: str
    status: int | None = None
    detail: dict[str, Any] = msgspec.field(default_factory=dict)
    block: int | None = None


class AuditPage(Model, frozen=True, kw_only=True):
    """A page of the audit, newest first."""

    items: list[AuditEntry] = msgspec.field(name="entries")
    next_cursor: str | None = None
