"""The caller's trace context (W3C), which jobs carry on (clarifications 3)."""

import re
from typing import Final

from fastapi import Request

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent_of(request: Request) -> str | None:
    """The request's `traceparent` when it is well formed."""
    traceparent = request.headers.get("traceparent", "")
    return traceparent if _TRACEPARENT.fullmatch(traceparent) else None
