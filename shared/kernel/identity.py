"""Who is asking. Made by the gateway from a verified credential, carried to services in a signed token."""

from typing import Literal

import msgspec

from shared.kernel.errors import Forbidden
from shared.kernel.permissions import ROBOT_PERMISSIONS, Permission, Role, permissions_of

DEFAULT_TENANT = "default"
"""Its administrators are those of the installation."""


class NotInstallationAdmin(Forbidden):
    """What concerns every tenant is for administrators of the tenant `default` only."""

    code = "NOT_INSTALLATION_ADMIN"

    def __init__(self) -> None:
        super().__init__(f"Only administrators of the tenant {DEFAULT_TENANT} may do this, logged in there.")


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """A verified caller and the tenant its credential belongs to (clarifications 8)."""

    kind: Literal["anonymous", "user", "robot", "service"]
    subject: str
    """User id, API key id or service name."""
    tenant_id: str
    roles: tuple[Role, ...] = ()
    session_id: str | None = None
    """The refresh family a user's token belongs to."""
    token_id: str | None = None
    """The access token's `jti`."""
    token_expires_ms: int = 0
    robot_id: str | None = None
    """The one robot a bound key may act for; None for an enrolment key."""
    environment: str | None = None
    """The environment an enrolment key is limited to; None for any."""

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything this caller may do."""
        if self.kind == "robot":
            return ROBOT_PERMISSIONS
        if self.kind == "service":
            return frozenset(Permission)
        return permissions_of(frozenset(self.roles))

    def require(self, permission: Permission) -> None:
        """Raise `Forbidden` unless this caller holds `permission`."""
        if permission not in self.permissions:
            raise Forbidden(f"This credential lacks the permission '{permission.value}'.")

    def require_installation_admin(self) -> None:
        """Raise `NotInstallationAdmin` unless this caller, an administrator, is one of the tenant `default`."""
        if self.tenant_id != DEFAULT_TENANT:
            raise NotInstallationAdmin

    def may_act_for(self, robot_id: str) -> bool:
        """Whether this caller may speak as `robot_id` (clarifications 7)."""
        return self.kind != "robot" or self.robot_id is None or self.robot_id == robot_id


ANONYMOUS = Identity(kind="anonymous", subject="anonymous", tenant_id="")
