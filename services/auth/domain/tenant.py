"""Tenants: who shares workflows, jobs and robots. They are disabled, never deleted: much hangs on them."""

import hashlib
import re
from typing import Final

import msgspec

from shared.kernel.errors import Conflict, NotFound
from shared.kernel.identity import DEFAULT_TENANT

FIRST_VERSION: Final = 1
TENANT_ID: Final = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
"""Neither dots nor `$`: an id is a key inside of users' documents."""
LEAVING_MS: Final = 60_000
"""After this long, whoever was about to take an administrator's rights away is presumed dead."""


class TenantNotFound(NotFound):
    """No such tenant, or not one of the caller's."""

    code = "TENANT_NOT_FOUND"

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"Tenant {tenant_id} not found")


class TenantExists(Conflict):
    """The id is taken."""

    code = "TENANT_EXISTS"

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"Tenant {tenant_id} exists.")


class DefaultTenantNeeded(Conflict):
    """Disabling the tenant of the installation's administrators would lock everybody out."""

    code = "DEFAULT_TENANT"

    def __init__(self) -> None:
        super().__init__(f"The tenant {DEFAULT_TENANT} cannot be disabled.")


class Tenant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tenant. Times in epoch milliseconds."""

    tenant_id: str = msgspec.field(name="_id")
    version: int
    name: str
    created_ms: int
    created_by: str
    creation_id: str | None = None
    disabled_ms: int | None = None
    """Since when nobody may enter."""
    leaving: dict[str, int] = msgspec.field(default_factory=dict)
    """Administrators about to lose their rights (`leaver_key`) → since when. See `KeepAnAdmin`."""

    @property
    def is_disabled(self) -> bool:
        """Whether nobody may enter."""
        return self.disabled_ms is not None

    def updated(self, *, name: str | None, disabled: bool | None, now_ms: int) -> "Tenant":
        """The tenant after an update; None stays as it is. Raises `DefaultTenantNeeded`."""
        if disabled and self.tenant_id == DEFAULT_TENANT:
            raise DefaultTenantNeeded
        since = self.disabled_ms
        if disabled is not None:
            since = (since or now_ms) if disabled else None
        return msgspec.structs.replace(self, version=self.version + 1, name=name or self.name, disabled_ms=since)

    def is_leaving(self, user_id: str, now_ms: int) -> bool:
        """Whether somebody is about to take the user's rights away."""
        return self.leaving.get(leaver_key(user_id), 0) > now_ms - LEAVING_MS

    def with_leaver(self, user_id: str, now_ms: int) -> "Tenant":
        """The tenant with one more administrator about to leave; forgets those presumed dead."""
        recent = {key: since for key, since in self.leaving.items() if since > now_ms - LEAVING_MS}
        leaving = {**recent, leaver_key(user_id): now_ms}
        return msgspec.structs.replace(self, version=self.version + 1, leaving=leaving)


def leaver_key(user_id: str) -> str:
    """User names may hold dots, which no key of a document may."""
    return hashlib.sha256(user_id.encode()).hexdigest()[:32]
