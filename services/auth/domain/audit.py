"""The audit's entries: who did what, or was refused what, to which resource, from where and in which request."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

INSTALLATION: Final = ""
"""The tenant of what belongs to none: refusals of credentials that prove nothing, logins of unknown users."""
LONGEST_NAME: Final = 256
"""Ids, addresses, routes and paths are cut to this many characters."""


class Outcome(StrEnum):
    """What became of it."""

    DONE = "done"
    REFUSED = "refused"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the audit; never changed once it is written.

    Its digest leaves out what has its default (`audit_chain.digest_of`): a field may be added with a default, none
    renamed, retyped or removed, and no default changed, or old blocks no longer verify.
    """

    id: str
    """The event's or the refusal's: telling of it twice makes one entry."""
    tenant_id: str
    at_ms: int
    action: str
    """An event's type, or a refused call's method and route."""
    outcome: Outcome
    actor_kind: str = ""
    """As `Identity.kind`; `system` when nobody asked; `anonymous` when the actor is only claimed."""
    actor_id: str = ""
    resource_kind: str = ""
    resource_id: str = ""
    address: str = ""
    request_id: str = ""
    status: int = 0
    """The refusal's HTTP status; 0 for what was done."""
    detail_json: str = "{}"
    """A JSON object with a few facts more."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as the store holds it, or what is left of it after tampering."""

    id: str
    entry: AuditEntry | None
    """None when it cannot be read any more, or does not stand where it belongs."""
    block: int | None
    """The number of the block it was sealed in; None while it waits for one."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a look through entries has found, and where to go on."""

    lawless: str | None
    """An entry that neither waits for a block nor says which it is in: nobody wrote it so."""
    position: str | None
    """None: that was the last of them."""


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries of a tenant to show, newest first; what is None does not matter."""

    tenant_id: str
    limit: int
    actor: str | None = None
    action: str | None = None
    resource_id: str | None = None
    outcome: Outcome | None = None
    since_ms: int | None = None
    """Included."""
    until_ms: int | None = None
    """Excluded."""
    before: str | None = None
    """The `position_of` the last entry seen."""


def position_of(entry: AuditEntry) -> str:
    """The entry's place in its tenant's order of time."""
    return f"{moment(entry.at_ms)}|{entry.id}"


def moment(at_ms: int) -> str:
    """`at_ms` as text that sorts by time; times outside 1970–5138 become the nearest one inside."""
    return f"{min(max(at_ms, 0), 10**_MS_DIGITS - 1):0{_MS_DIGITS}d}"


def cut(text: str) -> str:
    """`text`, at most `LONGEST_NAME` characters of it."""
    return text[:LONGEST_NAME]


_MS_DIGITS: Final = 14
