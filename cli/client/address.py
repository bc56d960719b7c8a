"""Which server a command speaks to: an option, a profile, `CASARE_URL`, the last login, or the one on this machine."""

import os
from collections.abc import Mapping

from casare import _choosing
from casare._address import API, DEFAULT_URL, is_this_machine
from casare._choosing import Server
from cli.failures import as_usage_problem
from cli.profiles import ProfileStore

__all__ = ["API", "DEFAULT_URL", "Server", "choose_server", "is_this_machine"]


@as_usage_problem()
def choose_server(
    url: str | None, profile: str | None, store: ProfileStore, environ: Mapping[str, str] = os.environ
) -> Server:
    """The server in force, as the client chooses it. Raises UsageProblem when what was chosen is no address."""
    return _choosing.choose_server(url, profile, store, environ, argument="--url", instead="Run: casare login")
