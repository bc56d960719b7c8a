"""Which server: by argument, by profile, by `CASARE_URL`, by the last login, or the one on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from casare._address import DEFAULT_URL, checked_url
from casare._login_file import LoginFile


@dataclass(frozen=True, slots=True)
class Server:
    """Its address, and the name of the profile kept for it."""

    url: str
    profile: str


def choose_server(
    url: str | None,
    profile: str | None,
    file: LoginFile,
    environ: Mapping[str, str],
    *,
    argument: str = "url",
    instead: str = "Pass them beside it.",
) -> Server:
    """The server in force; its address has no slash at its end.

    An address that is given, by the `argument` of that name, wins over the profile's. A profile that is named wins over
    CASARE_URL, and that over the profile in use. Raises ConfigurationProblem as `checked_url` does.
    """
    checked = partial(checked_url, instead=instead)
    if url is not None:
        chosen = checked(url, argument)
    elif profile and (known := file.url_of(profile)) is not None:
        chosen = checked(known, str(file.path))
    elif environ.get("CASARE_URL"):
        chosen = checked(environ["CASARE_URL"], "CASARE_URL")
    elif not profile and (current := file.current()) is not None:
        return Server(checked(file.url_of(current) or current, str(file.path)), current)
    else:
        chosen = DEFAULT_URL
    return Server(chosen, profile or file.name_at(chosen))
