"""Text that orders the audit's documents within a tenant, so that one indexed field serves filter and order."""

from typing import Final
from urllib.parse import quote, unquote

from shared.storage import Document

SEPARATOR: Final = "|"
AFTER_ALL: Final = "~"
"""Sorts after every character that follows a prefix."""
_NUMBER_DIGITS: Final = 12


def prefix_of(tenant_id: str) -> str:
    """What every key of this tenant starts with; no other tenant's does."""
    return quote(tenant_id, safe="") + SEPARATOR


def tenant_of(key: str) -> str:
    """Whose key it is."""
    return unquote(key.partition(SEPARATOR)[0])


def block_id(tenant_id: str, number: int) -> str:
    """The `_id` of a block."""
    return f"{prefix_of(tenant_id)}{number:0{_NUMBER_DIGITS}d}"


def number_of(key: object) -> int:
    """The number in a `block_id`; -1 when it is none."""
    number = key.partition(SEPARATOR)[2] if isinstance(key, str) else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) == _NUMBER_DIGITS else -1


def all_of(tenant_id: str) -> Document:
    """The condition on a field for all its values that belong to the tenant."""
    prefix = prefix_of(tenant_id)
    return {"$gte": prefix, "$lt": prefix + AFTER_ALL}


def after_tenant(tenant_id: str | None) -> Document:
    """The condition on a field for its values of later tenants; None: of all."""
    return {"$gt": "" if tenant_id is None else prefix_of(tenant_id) + AFTER_ALL}
