"""What the use cases need from outside. Every method that reaches a store may raise `Unavailable`."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.auth.domain.api_key import ApiKey, KeyFilter
from services.auth.domain.audit import AuditEntry, AuditQuery, Scan, StoredEntry
from services.auth.domain.audit_chain import Block, Link
from services.auth.domain.lockout import Admission, Attempt
from services.auth.domain.session import RefreshClaims, Session, TokenPair
from services.auth.domain.tenant import Tenant
from services.auth.domain.user import User
from shared.events import CloudEvent
from shared.kernel.permissions import Role


class Users(Protocol):
    """The people who log in."""

    async def get(self, user_id: str) -> User | None:
        """The user, or None; one whose account is gone has no tenants."""
        ...

    async def add(self, user: User, event: CloudEvent | None = None) -> bool:
        """Store a new user, with the event if anybody asked for it; False when the id is taken."""
        ...

    async def change(self, before: User, after: User, event: CloudEvent) -> bool:
        """Store `after`; False when the user changed since `before` was read."""
        ...

    async def page(self, tenant_id: str, *, limit: int, offset: int) -> tuple[Sequence[User], int]:
        """A page of the tenant's users, by name, and how many there are in all."""
        ...

    async def admins_of(self, tenant_id: str) -> Sequence[User]:
        """The tenant's administrators, also those disabled there."""
        ...

    async def forget_deleted(self, before_ms: int) -> int:
        """Delete what is left of accounts that were gone before `before_ms`; returns how many."""
        ...

    async def is_empty(self) -> bool:
        """Whether nobody has been created yet."""
        ...


class Tenants(Protocol):
    """Who shares workflows, jobs and robots."""

    async def get(self, tenant_id: str) -> Tenant | None:
        """The tenant, or None."""
        ...

    async def add(self, tenant: Tenant, event: CloudEvent | None = None) -> bool:
        """Store a new tenant, with the event if anybody asked for it; False when the id is taken."""
        ...

    async def change(self, before: Tenant, after: Tenant, event: CloudEvent) -> bool:
        """Store the new name and state; False when the tenant changed since `before` was read."""
        ...

    async def note_leaver(self, before: Tenant, after: Tenant) -> bool:
        """Store `after.leaving`; False when the tenant changed since `before` was read."""
        ...

    async def forget_leaver(self, tenant_id: str, user_id: str, since_ms: int) -> None:
        """Remove what `note_leaver` stored for this user at `since_ms`."""
        ...

    async def page(self, tenant_ids: Sequence[str] | None, *, limit: int, offset: int) -> tuple[Sequence[Tenant], int]:
        """A page of these tenants, or of all, by id, and how many there are in all."""
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

    async def begun_by(
        self, user_id: str, tenant_id: str | None, *, before_version: int, except_session: str | None, limit: int
    ) -> Sequence[Session]:
        """Sessions not yet revoked that began with an older version of the user; without a tenant, in all of them."""
        ...

    async def begun_in(self, tenant_id: str, *, until_ms: int, limit: int) -> Sequence[Session]:
        """The tenant's sessions not yet revoked that began at `until_ms` or earlier."""
        ...

    async def carry_over(self, before: Session, user_version: int) -> bool:
        """Let the session go on as begun with `user_version`; False when it changed since `before` was read."""
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
        """Whether the hash is that of `password`; without one, or with an empty one, the same work and False."""
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


class AuditEntries(Protocol):
    """What the audit tells, append-only."""

    async def add(self, entry: AuditEntry) -> bool:
        """Store the entry, to be sealed; False when one of its id is there already."""
        ...

    async def page(self, query: AuditQuery) -> Sequence[StoredEntry]:
        """The entries asked for, newest first."""
        ...

    async def next_unsealed_tenant(self, after: str | None) -> str | None:
        """The first tenant with entries that wait for a block, or the next one after `after`."""
        ...

    async def unsealed(self, tenant_id: str, limit: int) -> Sequence[AuditEntry]:
        """Entries that wait for a block, oldest first."""
        ...

    async def count_unsealed(self, tenant_id: str) -> int:
        """How many entries wait for a block."""
        ...

    async def mark_sealed(self, block: Block) -> None:
        """Let the entries of `block` wait no longer; may be repeated."""
        ...

    async def claiming(self, tenant_id: str, after: int, last: int | None) -> Mapping[int, Sequence[StoredEntry]]:
        """Entries by the block they say they are in: those numbered above `after`, up to `last` or the first 100."""
        ...

    async def with_ids(self, tenant_id: str, entry_ids: Collection[str]) -> Sequence[StoredEntry]:
        """Those of the entries that are there."""
        ...

    async def scan(self, tenant_id: str, position: str, limit: int) -> Scan:
        """Look through `limit` of the tenant's entries, in order of time, from `position` on (the first: "")."""
        ...

    async def remove(self, block: Block) -> None:
        """Delete the entries of `block`."""
        ...


class AuditChain(Protocol):
    """The blocks of each tenant, and where its chain begins."""

    async def next_tenant(self, after: str | None) -> str | None:
        """The first tenant with blocks, or the next one after `after`."""
        ...

    async def head(self, tenant_id: str) -> Block | None:
        """The newest block."""
        ...

    async def after(self, tenant_id: str, number: int, limit: int) -> Sequence[Block]:
        """The blocks numbered above `number`, in order."""
        ...

    async def append(self, block: Block) -> bool:
        """Store the block; False when there is one of its number."""
        ...

    async def anchor(self, tenant_id: str) -> Link:
        """The last block removed because of its age; `GENESIS` when none was."""
        ...

    async def advance_anchor(self, tenant_id: str, link: Link) -> None:
        """Let the chain begin after `link`, unless it begins later already."""
        ...

    async def remove(self, block: Block) -> None:
        """Delete the block."""
        ...
