"""How the entries of one write get their tenants' next numbers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.sequence import StoredRange


def numbered(entries: Sequence[ActivityEntry], first_numbers: Mapping[str, int]) -> list[ActivityEntry]:
    """The entries, those of each tenant numbered from its first number on, in their order."""
    following = dict(first_numbers)
    result = []
    for entry in entries:
        result.append(msgspec.structs.replace(entry, seq=following[entry.tenant_id]))
        following[entry.tenant_id] += 1
    return result


def stored_ranges(entries: Sequence[ActivityEntry], are_new: Sequence[bool]) -> list[StoredRange]:
    """Per tenant, its numbers in this write and the entries that were new: the numbers of the others are void."""
    by_tenant: dict[str, list[tuple[ActivityEntry, bool]]] = defaultdict(list)
    for entry, is_new in zip(entries, are_new, strict=True):
        by_tenant[entry.tenant_id].append((entry, is_new))
    return [
        StoredRange(
            tenant_id=tenant_id,
            first=written[0][0].seq,
            last=written[-1][0].seq,
            entries=tuple(entry for entry, is_new in written if is_new),
        )
        for tenant_id, written in by_tenant.items()
    ]
