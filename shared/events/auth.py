"""Events of the auth service. They name credentials by public id; no secret ever travels."""

from typing import ClassVar

from shared.events.envelope import EventData


class AuthEvent(EventData, frozen=True):
    """Base of the auth service's events."""

    SOURCE: ClassVar[str] = "auth"


class UserLoggedIn(AuthEvent, frozen=True):
    """A user obtained tokens."""

    TYPE: ClassVar[str] = "user.logged_in"
    user_id: str
    session_id: str


class SessionRevoked(AuthEvent, frozen=True):
    """A refresh family ended: logout, or reuse of a spent refresh token. Its access tokens end with it."""

    TYPE: ClassVar[str] = "session.revoked"
    user_id: str
    session_id: str
    reason: str
    tokens_expire_ms: int
    """When the last access token of the family expires by itself; until then gateways must refuse it."""


class ApiKeyCreated(AuthEvent, frozen=True):
    """A robot API key was created."""

    TYPE: ClassVar[str] = "api_key.created"
    key_id: str
    key_name: str
    robot_id: str | None = None


class ApiKeyRevoked(AuthEvent, frozen=True):
    """A robot API key stopped being valid."""

    TYPE: ClassVar[str] = "api_key.revoked"
    key_id: str
    robot_id: str | None = None


class ApiKeyRotated(AuthEvent, frozen=True):
    """A robot API key got a successor; it stays valid beside it until it expires."""

    TYPE: ClassVar[str] = "api_key.rotated"
    key_id: str
    key_name: str
    rotated_to: str
    """The successor's public id."""
    valid_until_ms: int
    robot_id: str | None = None


class UserCreated(AuthEvent, frozen=True):
    """An administrator created a user in the event's tenant."""

    TYPE: ClassVar[str] = "user.created"
    user_id: str
    role: str


class UserUpdated(AuthEvent, frozen=True):
    """A user changed in the event's tenant. Fields that did not change are absent."""

    TYPE: ClassVar[str] = "user.updated"
    user_id: str
    role: str | None = None
    """The role from now on, also of somebody new to the tenant."""
    disabled: bool | None = None
    password_changed: bool = False
    profile_changed: bool = False
    kept_session_id: str | None = None
    """The one session that goes on: of a user who changed their own password."""

    @property
    def ends_sessions(self) -> bool:
        """Whether what the user was allowed before must not go on."""
        return self.role is not None or self.password_changed or bool(self.disabled)


class UserDeleted(AuthEvent, frozen=True):
    """A user left the event's tenant."""

    TYPE: ClassVar[str] = "user.deleted"
    user_id: str
    account_deleted: bool = True
    """False: the user still belongs to other tenants."""


class TenantCreated(AuthEvent, frozen=True):
    """A tenant, which is the event's own, was created."""

    TYPE: ClassVar[str] = "tenant.created"
    name: str


class TenantUpdated(AuthEvent, frozen=True):
    """A tenant was renamed, disabled or enabled. Fields that did not change are absent."""

    TYPE: ClassVar[str] = "tenant.updated"
    name: str | None = None
    disabled: bool | None = None
