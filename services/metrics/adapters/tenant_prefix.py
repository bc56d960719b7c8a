"""Text that orders documents within a tenant, so that one indexed field serves both the filter and the order.

The embedded store uses single-field indexes only; a range over such text reads exactly the tenant's documents, in
order, on every engine.
"""

from shared.jobs.position import AFTER_ALL, SEPARATOR, QueueKey
from shared.storage import Document

MS_DIGITS = 14


def tenant_prefix(tenant_id: str) -> str:
    """What every position of this tenant, in the queue or in the activity, starts with; no other tenant's does."""
    return QueueKey(tenant_id, "", "").prefix.partition(SEPARATOR)[0] + SEPARATOR


def moment(at_ms: int) -> str:
    """`at_ms` as text that sorts by time; times outside 1970–5138 become the nearest one inside."""
    return f"{min(max(at_ms, 0), 10**MS_DIGITS - 1):0{MS_DIGITS}d}"


def everything_in(prefix: str) -> Document:
    """The condition on a field for all its values that start with `prefix`."""
    return {"$gte": prefix, "$lt": prefix + AFTER_ALL}
