"""Which pages may open sockets: a browser lets any page try, and sends along where the page came from."""

from urllib.parse import urlsplit


def may_connect_from(origin: bytes | None, host: bytes | None, allowed: frozenset[str]) -> bool:
    """Whether a page of `origin` may connect: one of ours, one that is `allowed`, or no page at all."""
    if origin is None:
        return True
    text = origin.decode("latin-1").strip().rstrip("/").lower()
    if text in allowed:
        return True
    try:
        named = urlsplit(text)
    except ValueError:
        return False
    return named.scheme in ("http", "https") and bool(named.netloc) and named.netloc == _lower(host)


def _lower(host: bytes | None) -> str:
    return "" if host is None else host.decode("latin-1").strip().lower()
