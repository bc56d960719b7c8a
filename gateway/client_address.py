"""The address a request came from, as far as it can be trusted (clarifications 9)."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

UNKNOWN: Final = "unknown"
"""The peer has no IP address, as on a Unix socket."""
_SUBSCRIBER_PREFIX: Final = 64
"""An IPv6 subscriber is given a whole /64 and may use a new address of it for every request."""
_REMEMBERED: Final = 4096


class ClientAddresses:
    """Believes the last `trusted_proxies` entries of `X-Forwarded-For`, each added by one proxy of ours."""

    def __init__(self, trusted_proxies: int) -> None:
        self._n_trusted = trusted_proxies

    def of(self, peer: Sequence[object] | None, forwarded_for: Sequence[bytes]) -> str:
        """The client's address. Entries further left are hearsay; with fewer than expected, the peer's own counts."""
        if self._n_trusted and forwarded_for:
            entries = b",".join(forwarded_for).decode("latin-1").rsplit(",", self._n_trusted)
            named = _normal(entries[-self._n_trusted].strip()) if len(entries) >= self._n_trusted else None
            if named is not None:
                return named
        return (_normal(str(peer[0])) if peer else None) or UNKNOWN


@lru_cache(_REMEMBERED)
def bucket_key_of(address: str) -> str:
    """Whose bucket requests from `address` drain: its own, or that of its IPv6 /64."""
    if ":" in address:
        return f"address:{IPv6Network((address, _SUBSCRIBER_PREFIX), strict=False)}"
    return f"address:{address}"


@lru_cache(_REMEMBERED)
def _normal(text: str) -> str | None:
    """The address in `text`, which may have a port; IPv4 in IPv6 clothing as IPv4; None when it is none."""
    parsed = _parse(text) or _parse(_without_port(text))
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed)))
    return None if parsed is None else str(parsed)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _without_port(text: str) -> str:
    return text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
