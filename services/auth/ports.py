"""What the use cases need from outside. Every method that reaches a store may raise `Unavailable`."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.auth.domain.api_key import ApiKey, KeyFilter
from services.auth.domain.lockout import Admission, Attempt
from services.auth.domain.session import RefreshClaims, Session, TokenPair
from services.auth.domain.user import User
from shared.events import CloudEvent
from shared.kernel.permissions import Role


class Users(Protocol):
    """The people who log in."""

    async def get(self, user_id: str) -> User | None:
        """The user, or None."""
        ...

    async def add(self, user: User) -> bool:
        """Store a new user; False when the id is taken."""
        ...

    async def is_empty(self) -> bool:
        """Whether nobody has been created yet."""
        ...


class Sessions(Protocol):
    """Refresh families."""

    async def add(self, session: Session, event: CloudEvent) -> None:
        """Store a new session together with its event."""
        ...

    async def get(self, tenant_id: str, session_id: str) -> Session | None:
        """The session, or None when there is none of this id in the tenant."""
        ...

    async def refresh(self, before: Session, after: Session) -> bool:
        """Replace the current refresh token; False when the session changed since `before` was read."""
        ...

    async def revoke(self, before: Session, after: Session, event: CloudEvent) -> bool:
        """End the family; False when the session changed since `before` was read."""
        ...

    async def revoked_with_live_tokens(self, at_ms: int) -> Sequence[Session]:
        """Revoked sessions, of all tenants, whose access tokens end after `at_ms`."""
        ...

    async def forget_expired(self, before_ms: int) -> int:
        """Delete sessions that ended before `before_ms`; returns how many."""
        ...


class ApiKeys(Protocol):
    """Robots' keys."""

    async def add(self, key: ApiKey, event: CloudEvent) -> bool:
        """Store a new key together with its event; False when the id is taken."""
        ...

    async def find(self, key_id: str) -> ApiKey | None:
        """The key of whatever tenant, or None: the key itself says which tenant its bearer belongs to."""
        ...

    async def get(self, tenant_id: str, key_id: str) -> ApiKey | None:
        """The key, or None when there is none of this id in the tenant."""
        ...

    async def page(self, tenant_id: str, wanted: KeyFilter, *, limit: int, offset: int) -> tuple[Sequence[ApiKey], int]:
        """A page of the tenant's keys, newest first, and how many match in all."""
        ...

    async def bound_to(self, tenant_id: str, robot_id: str) -> Sequence[ApiKey]:
        """The robot's keys that have not been revoked."""
        ...

    async def change(self, before: ApiKey, after: ApiKey, event: CloudEvent) -> bool:
        """Revoke or rotate the key; False when it changed since `before` was read."""
        ...

    async def revoked_since(self, since_ms: int) -> Sequence[str]:
        """Ids of the keys, of all tenants, revoked after `since_ms`."""
        ...

    async def note_uses(self, uses: Sequence[tuple[ApiKey, int]]) -> None:
        """Set times of last use (epoch milliseconds) where no later one is known; may be repeated."""
        ...


class FailedLogins(Protocol):
    """Counts attempts per account and address, for all replicas alike. Fails closed: no count, no login."""

    async def reserve(self, attempt: Attempt) -> Admission:
        """Take a place for `attempt`, or say why not. Repeating it takes no second one."""
        ...

    async def fail(self, attempt: Attempt) -> None:
        """The attempt failed where it had a place; locks what reached the limit."""
        ...

    async def forgive(self, attempt: Attempt) -> None:
        """The attempt succeeded, or was never decided: give its places back."""
        ...


class Passwords(Protocol):
    """Slow hashes."""

    async def hash(self, password: str) -> str:
        """The encoded hash to store."""
        ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the hash is that of `password`; without a hash the same work for nothing, and False."""
        ...


class KeySecrets(Protocol):
    """Makes the secrets of API keys."""

    def derive(self, tenant_id: str, key_id: str, origin: str) -> str:
        """Hex of 256 bits that nobody can tell without this server's key and `origin`: the same for the same."""
        ...


class WaitingLine(Protocol):
    """Few at once, a bounded number waiting."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for a turn and hold it; raises `Unavailable` when the line is too long."""
        ...


class Tokens(Protocol):
    """Signs and reads what users carry."""

    def issue(self, session: Session, role: Role) -> TokenPair:
        """An access token, and the refresh token that `session` names as current."""
        ...

    def read_refresh(self, token: str) -> RefreshClaims:
        """What a genuine refresh token says; raises `InvalidRefreshToken` or `WrongTokenType`."""
        ...
