"""Request headers: what is read, what is stripped, and what a service is given."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.kernel.ids import new_traceparent, sane_request_id
from shared.web.tokens import CLIENT_HEADER
from shared.web.tokens import HEADER as IDENTITY

Header = tuple[bytes, bytes]

_IDENTITY: Final = IDENTITY.encode()
_CLIENT: Final = CLIENT_HEADER.encode()
_READ_AND_KEPT: Final = frozenset({b"host", b"content-length", b"content-encoding", b"expect", b"origin"})
_READ_AND_STRIPPED: Final = frozenset(
    {b"authorization", b"x-api-key", b"x-request-id", b"traceparent", b"x-forwarded-for", b"x-forwarded-proto"}
)
"""Credentials end here: services are told who is asking and need no secret."""
_STRIPPED_PREFIXES: Final = (b"x-casare-", b"x-forwarded-")
_STRIPPED: Final = frozenset({b"forwarded", b"x-real-ip"})
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_SCHEMES: Final = frozenset({b"http", b"https"})


@dataclass(frozen=True, slots=True)
class Inbound:
    """A request's headers, sorted out in one pass."""

    kept: list[Header]
    """For the service, in their order."""
    read: dict[bytes, list[bytes]]
    """The values of those that mean something to the gateway."""

    def all(self, name: bytes) -> Sequence[bytes]:
        """Every value of the header `name`."""
        return self.read.get(name, ())

    def first(self, name: bytes) -> bytes | None:
        """The first value of the header `name`, or None."""
        values = self.read.get(name)
        return values[0] if values else None

    def request_id(self) -> str | None:
        """The id the client gave, when it is sane (clarifications 3)."""
        received = self.first(b"x-request-id")
        return None if received is None else sane_request_id(received.decode("latin-1"))


def sort_out(headers: Iterable[Header]) -> Inbound:
    """Split `headers`; names are lower case, as ASGI has them."""
    kept: list[Header] = []
    read: dict[bytes, list[bytes]] = {}
    for header in headers:
        name = header[0]
        if name in _READ_AND_STRIPPED:
            read.setdefault(name, []).append(header[1])
        elif name in _READ_AND_KEPT:
            read.setdefault(name, []).append(header[1])
            kept.append(header)
        elif name not in _STRIPPED and not name.startswith(_STRIPPED_PREFIXES):
            kept.append(header)
    return Inbound(kept, read)


def outbound(
    inbound: Inbound, *, identity_token: str, request_id: str, address: str, scheme: str, behind_proxy: bool
) -> list[Header]:
    """What the service is given: the client's own headers, and ours, of which none can have come from outside."""
    client = address.encode()
    return [
        *inbound.kept,
        (_IDENTITY, identity_token.encode()),
        (_CLIENT, client),
        (b"x-request-id", request_id.encode()),
        (b"traceparent", _trace_of(inbound)),
        (b"x-forwarded-for", client),
        (b"x-forwarded-proto", _scheme_of(inbound, scheme, behind_proxy=behind_proxy)),
        (b"x-forwarded-host", inbound.first(b"host") or b""),
    ]


def _trace_of(inbound: Inbound) -> bytes:
    """The caller's trace when it is well formed (W3C Trace Context), else a new one (clarifications 3)."""
    received = inbound.first(b"traceparent")
    return received if received and _TRACEPARENT.fullmatch(received) else new_traceparent().encode()


def _scheme_of(inbound: Inbound, scheme: str, *, behind_proxy: bool) -> bytes:
    told = inbound.first(b"x-forwarded-proto") if behind_proxy else None
    return told if told in _SCHEMES else scheme.encode()
