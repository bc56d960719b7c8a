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
