"""The server's address."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from casare.errors import ConfigurationProblem

API: Final = "/api/v1"
DEFAULT_URL: Final = "http://127.0.0.1:8000"
_NO_IDS: Final = ("", ".", "..")


def checked_url(text: str, source: str, *, instead: str = "Pass them beside it.") -> str:
    """`text` in the one form under which a login is kept. Raises ConfigurationProblem, naming `source`.

    `instead` is what to do with credentials that stand in it.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise ConfigurationProblem(f"{source}: not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationProblem(f"{source}: not an address. It should look like {DEFAULT_URL}")
    if parts.username is not None:
        raise ConfigurationProblem(f"{source}: credentials do not belong into the address. {instead}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/").removesuffix(API)
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{path}"


def is_this_machine(url: str) -> bool:
    """Whether the address is one of the loopback's."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def segment(identifier: str) -> str:
    """`identifier` as a part of a path. Raises ConfigurationProblem for what would be read as another path."""
    if identifier in _NO_IDS:
        raise ConfigurationProblem(f"{identifier!r} is no id.")
    return quote(identifier, safe="")
