"""Which server a command speaks to: an option, `CASARE_URL`, the last login, or the one on this machine."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from cli.failures import UsageProblem
from cli.profiles import ProfileStore

API: Final = "/api/v1"
DEFAULT_URL: Final = "http://127.0.0.1:8000"


def choose_url(option: str | None, store: ProfileStore, environ: Mapping[str, str] = os.environ) -> str:
    """The server's address without a slash at its end. Raises UsageProblem when what was chosen is none."""
    if option is not None:
        return checked_url(option, "--url")
    if environ.get("CASARE_URL"):
        return checked_url(environ["CASARE_URL"], "CASARE_URL")
    return checked_url(store.current_url() or DEFAULT_URL, str(store.path))


def checked_url(text: str, source: str) -> str:
    """`text` in the one form under which a login is kept. Raises UsageProblem, naming `source`."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise UsageProblem(f"{source}: not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageProblem(f"{source}: not an address.", advice=f"It should look like {DEFAULT_URL}")
    if parts.username is not None:
        raise UsageProblem(f"{source}: credentials do not belong into the address.", advice="Run: casare login")
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
