"""Users, and the tenants they belong to with one role each.

One document tells all about a user, memberships included, so that each change and its event are one write. Users are
thousands, not millions: a tenant's list is a scan over them.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from shared.kernel.errors import Conflict, Forbidden, NotFound, Unauthenticated
from shared.kernel.identity import DEFAULT_TENANT
from shared.kernel.permissions import Role

FIRST_VERSION: Final = 1


class InvalidCredentials(Unauthenticated):
    """Unknown user, wrong password, or a tenant the user may not enter: all told alike (clarifications 4)."""

    code = "INVALID_CREDENTIALS"

    def __init__(self) -> None:
        super().__init__("Invalid credentials.")


class UserNotFound(NotFound):
    """No such user in the tenant."""

    code = "USER_NOT_FOUND"

    def __init__(self, user_id: str) -> None:
        super().__init__(f"User {user_id} not found")


class UserExists(Conflict):
    """User names are unique in the whole installation, whatever the tenant."""

    code = "USER_EXISTS"

    def __init__(self, user_id: str) -> None:
        super().__init__(f"The user name {user_id} is taken.")


class UserChanged(Conflict):
    """Somebody else changed the user at the same time."""

    code = "USER_CHANGED"

    def __init__(self) -> None:
        super().__init__("The user was changed at the same time. Look again and repeat.")


class SharedAccount(Forbidden):
    """An administrator of one tenant wants to change what counts in another one too."""

    code = "SHARED_ACCOUNT"

    def __init__(self, user_id: str) -> None:
        super().__init__(
            f"User {user_id} belongs to another tenant too: only they themselves may change their password or profile."
        )


class LastAdmin(Conflict):
    """The tenant would be left without an administrator."""

    code = "LAST_ADMIN"

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"This is the last administrator of tenant {tenant_id}.")


class Membership(msgspec.Struct, frozen=True):
    """A user in one of their tenants."""

    user_id: str
    tenant_id: str
    role: Role
    user_version: int
    """Of the user when this was read."""


@dataclass(frozen=True, slots=True)
class UserChange:
    """What somebody wants to be different; None stays as it is."""

    role: Role | None = None
    disabled: bool | None = None
    password_hash: str | None = None
    display_name: str | None = None
    email: str | None = None

    @property
    def changes_account(self) -> bool:
        """Whether it counts in every tenant of the user."""
        return any(value is not None for value in (self.password_hash, self.display_name, self.email))


class User(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Someone who logs in with a password. `user_id` is the user name. Times in epoch milliseconds."""

    user_id: str = msgspec.field(name="_id")
    version: int
    password_hash: str
    """argon2id in its own encoded form, which names its parameters and salt."""
    tenants: dict[str, Role]
    """Tenant id → role there. Empty: the account is gone, its document kept until its last event is out."""
    created_ms: int
    disabled_in: dict[str, int] = msgspec.field(default_factory=dict)
    """Tenant id → since when the user may not enter it."""
    sessions_from: dict[str, int] = msgspec.field(default_factory=dict)
    """Tenant id → the user's version before which sessions there began that are over, noted or not."""
    display_name: str | None = None
    email: str | None = None
    creation_id: str | None = None
    deleted_ms: int | None = None

    def membership(self, tenant_id: str | None) -> Membership | None:
        """The user in `tenant_id`, or None when they may not enter it (clarifications 8).

        Without a choice: `home`.
        """
        chosen = tenant_id or self.home
        role = self.tenants.get(chosen)
        if role is None or chosen in self.disabled_in:
            return None
        return Membership(self.user_id, chosen, role, self.version)

    @property
    def home(self) -> str:
        """Of the tenants the user may enter, `default`, else the first by name; empty when there is none."""
        open_ones = self.tenants.keys() - self.disabled_in.keys()
        return DEFAULT_TENANT if DEFAULT_TENANT in open_ones else min(open_ones, default="")

    def is_admin_of(self, tenant_id: str) -> bool:
        """Whether the user can administer the tenant now."""
        member = self.membership(tenant_id)
        return member is not None and member.role is Role.ADMIN

    def changed(self, tenant_id: str, change: UserChange, now_ms: int) -> "User":
        """The user after an administrator's change in `tenant_id`. Raises `SharedAccount`."""
        if change.changes_account and self.tenants.keys() != {tenant_id}:
            raise SharedAccount(self.user_id)
        after = msgspec.structs.replace(
            self,
            version=self.version + 1,
            tenants={**self.tenants, tenant_id: change.role or self.tenants[tenant_id]},
            disabled_in=self._disabled(tenant_id, change.disabled, now_ms),
            password_hash=change.password_hash or self.password_hash,
            display_name=self.display_name if change.display_name is None else change.display_name,
            email=self.email if change.email is None else change.email,
        )
        allowed, allowed_now = _entry(self, tenant_id), _entry(after, tenant_id)
        return after.without_sessions_in(tenant_id) if allowed and allowed_now != allowed else after

    def with_own_password(self, password_hash: str) -> "User":
        """The user after changing their password themselves: it counts in every tenant."""
        after = msgspec.structs.replace(self, version=self.version + 1, password_hash=password_hash)
        return after.without_sessions_in(*self.tenants)

    def joined(self, tenant_id: str, role: Role) -> "User":
        """The user with `role` in `tenant_id`, in which they may have been before."""
        after = msgspec.structs.replace(self, version=self.version + 1, tenants={**self.tenants, tenant_id: role})
        return after.without_sessions_in(tenant_id)

    def left(self, tenant_id: str, now_ms: int) -> "User":
        """The user without the tenant; without any tenant, the rest of an account that is gone."""
        tenants = {name: role for name, role in self.tenants.items() if name != tenant_id}
        after = msgspec.structs.replace(
            self,
            version=self.version + 1,
            tenants=tenants,
            disabled_in=self._disabled(tenant_id, False, now_ms),
        ).without_sessions_in(tenant_id)
        if tenants:
            return after
        return msgspec.structs.replace(after, password_hash="", display_name=None, email=None, deleted_ms=now_ms)

    def without_sessions_in(self, *tenant_ids: str) -> "User":
        """The user whose sessions there, begun before this version, are over."""
        ended = dict.fromkeys(tenant_ids, self.version)
        return msgspec.structs.replace(self, sessions_from={**self.sessions_from, **ended})

    def keeps_session(self, tenant_id: str, user_version: int) -> bool:
        """Whether a session in `tenant_id` that began at `user_version` may go on."""
        return user_version >= self.sessions_from.get(tenant_id, 0)

    def _disabled(self, tenant_id: str, disabled: bool | None, now_ms: int) -> dict[str, int]:
        if disabled is None:
            return self.disabled_in
        others = {name: since for name, since in self.disabled_in.items() if name != tenant_id}
        return {**others, tenant_id: self.disabled_in.get(tenant_id, now_ms)} if disabled else others


def _entry(user: User, tenant_id: str) -> tuple[str, Role] | None:
    """The password and role with which sessions in the tenant begin; None when the user may not enter it."""
    member = user.membership(tenant_id)
    return None if member is None else (user.password_hash, member.role)
