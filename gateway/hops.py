"""What changes on a request and its answer between two HTTP connections."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from multidict import CIMultiDict
from yarl import URL

from gateway.headers import Header

_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""RFC 9110 7.6.1. What a `Connection` header names goes as well."""
_NOT_SENT: Final = _HOP_BY_HOP | {b"host", b"expect"}
"""The client names the service's own host; the server has already told the caller to continue."""
_NOT_RETURNED: Final = _HOP_BY_HOP | {b"date", b"server"}
"""The server in front sets its own."""


def url_of(base_url: str, scope: Any) -> URL:
    """Where the request of `scope` goes, its path and query as they were received."""
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    query = scope["query_string"]
    target = path + b"?" + query if query else path
    return URL(base_url + target.decode("ascii", "strict"), encoded=True)


def request_headers(headers: Iterable[Header]) -> CIMultiDict[str]:
    """`headers` for the next hop."""
    return CIMultiDict((name.decode("latin-1"), _text(value)) for name, value in _onward(headers, _NOT_SENT))


def response_headers(raw_headers: Iterable[Header]) -> list[Header]:
    """An answer's headers for the hop back, names in lower case as ASGI has them."""
    lowered = [(name.lower(), value) for name, value in raw_headers]
    return _onward(lowered, _NOT_RETURNED)


def _onward(headers: Iterable[Header], dropped: frozenset[bytes]) -> list[Header]:
    headers = list(headers)
    named = {token.strip().lower() for name, value in headers if name == b"connection" for token in value.split(b",")}
    dropped = dropped | named if named else dropped
    return [header for header in headers if header[0] not in dropped]


def _text(value: bytes) -> str:
    """The text that is sent as these bytes: the HTTP client writes UTF-8."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
