"""Which server a command speaks to: an option, a profile, `CASARE_URL`, the last login, or the one on this machine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from cli.failures import UsageProblem
from cli.profiles import ProfileStore

API: Final = "/api/v1"
DEFAULT_URL: Final = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Server:
    """Which server, and the name of the profile kept for it."""

    url: str
    profile: str


def choose_server(
    url: str | None, profile: str | None, store: ProfileStore, environ: Mapping[str, str] = os.environ
) -> Server:
    """The server in force; its address has no slash at its end.

    An address that is given wins over the profile's. A profile that is named wins over CASARE_URL, and that over the
    profile in use. Raises UsageProblem when what was chosen is no address.
    """
    if profile:
        chosen = url or store.url_of(profile)
        if chosen is not None:
            return Server(checked_url(chosen, "--url" if url else str(store.path)), profile)
        return Server(checked_url(environ.get("CASARE_URL") or DEFAULT_URL, "CASARE_URL"), profile)
    if url is not None:
        chosen = checked_url(url, "--url")
    elif environ.get("CASARE_URL"):
        chosen = checked_url(environ["CASARE_URL"], "CASARE_URL")
    elif (current := store.current()) is not None:
        return Server(checked_url(store.url_of(current) or current, str(store.path)), current)
    else:
        chosen = DEFAULT_URL
    return Server(chosen, store.name_at(chosen))


def choose_url(option: str | None, store: ProfileStore, environ: Mapping[str, str] = os.environ) -> str:
    """The address of the server in force, where no profile was named. Raises UsageProblem as `choose_server` does."""
    return choose_server(option, None, store, environ).url


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
