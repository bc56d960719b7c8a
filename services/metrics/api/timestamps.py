"""Moments as callers write them."""

import re
from datetime import UTC, datetime
from typing import Final

from shared.kernel.clock import to_ms
from shared.kernel.errors import Invalid

_UNESCAPED_OFFSET: Final = re.compile(r"(?<=T)(.*) (?=\d\d:\d\d$)")
"""`+01:00` in an URL means ` 01:00` unless the caller escapes it, which many forget."""


def since_ms_of(since: str | None) -> int | None:
    """Milliseconds since the epoch of an ISO 8601 timestamp; one without a zone is UTC. Raises `Invalid`."""
    if since is None:
        return None
    try:
        moment = datetime.fromisoformat(_UNESCAPED_OFFSET.sub(r"\1+", since))
        return to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise Invalid.field("since", "must be an ISO 8601 timestamp, such as 2025-01-15T10:30:00Z") from error
