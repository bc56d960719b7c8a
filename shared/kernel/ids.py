"""Identifiers: time-ordered UUIDs for documents, random tokens for secrets."""

import re
import secrets
from collections.abc import Callable
from uuid import UUID

import uuid_utils

NewId = Callable[[], str]

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8
_SANE_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:@/+=-]{1,128}$")


def new_id() -> str:
    """A UUID version 7: unique, and later ones sort after earlier ones, which keeps index inserts local."""
    return str(uuid_utils.uuid7())


def new_token(n_bytes: int = 16) -> str:
    """`n_bytes` random bytes as lower-case hex; 16 bytes are the 128 bits a lease or key needs at least."""
    return secrets.token_hex(n_bytes)


def new_traceparent() -> str:
    """A W3C Trace Context header starting a new, unsampled trace."""
    return f"00-{secrets.token_hex(_TRACE_ID_BYTES)}-{secrets.token_hex(_SPAN_ID_BYTES)}-00"


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its canonical 36-character form (contract: ids are UUIDs)."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def sane_request_id(candidate: str | None) -> str | None:
    """`candidate` when it may be echoed into headers and logs, else None (clarifications 3)."""
    return candidate if candidate and _SANE_REQUEST_ID.match(candidate) else None
