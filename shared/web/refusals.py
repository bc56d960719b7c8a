"""What a gateway tells the audit of whom it refused: the body and route on which both must agree."""

from typing import Final

import msgspec

REFUSALS_PATH: Final = "/internal/audit/refusals"
MOST_AT_ONCE: Final = 500
"""Refusals in one call."""


class RefusedCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call that was answered 401 or 403, or several alike within a moment. Holds no secret and no body."""

    id: str
    """Made where it is first noted: telling of it again changes nothing."""
    at_ms: int
    method: str
    route: str
    """The route's template."""
    path: str
    status: int
    tenant_id: str = ""
    """Of the verified caller; empty when the credential proves nothing."""
    actor_kind: str = "anonymous"
    actor_id: str = ""
    claimed_key_id: str = ""
    """The public id of an API key that was shown and is not valid."""
    address: str = ""
    request_id: str = ""
    """Of the first of them."""
    code: str = ""
    """The problem's code, where the gateway itself refused."""
    times: int = 1


class RefusedCalls(msgspec.Struct, frozen=True):
    """The body of `POST /internal/audit/refusals`, at most `MOST_AT_ONCE` of them."""

    refusals: list[RefusedCall]
