"""Users, and the tenants they belong to with one role each."""

import msgspec

from shared.kernel.errors import Unauthenticated
from shared.kernel.identity import DEFAULT_TENANT
from shared.kernel.permissions import Role


class InvalidCredentials(Unauthenticated):
    """Unknown user, wrong password, or a tenant the user is not in: all told alike (clarifications 4)."""

    code = "INVALID_CREDENTIALS"

    def __init__(self) -> None:
        super().__init__("Invalid credentials.")


class Membership(msgspec.Struct, frozen=True):
    """A user in one of their tenants."""

    user_id: str
    tenant_id: str
    role: Role


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who logs in with a password. `user_id` is the user name."""

    user_id: str = msgspec.field(name="_id")
    version: int
    password_hash: str
    """argon2id in its own encoded form, which names its parameters and salt."""
    tenants: dict[str, Role]
    """Tenant id → role there."""
    created_ms: int

    def membership(self, tenant_id: str | None) -> Membership | None:
        """The user in `tenant_id`, or None when they are not in it (clarifications 8).

        Without a choice: the tenant `default` when they are in it, else the first by name.
        """
        chosen = tenant_id or self._home
        role = self.tenants.get(chosen)
        return None if role is None else Membership(self.user_id, chosen, role)

    @property
    def _home(self) -> str:
        return DEFAULT_TENANT if DEFAULT_TENANT in self.tenants else min(self.tenants, default="")
