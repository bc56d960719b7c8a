"""Which server, and as whom: by argument, by environment, or by the login that `casare login` stored."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from casare._address import checked_url
from casare._choosing import Server, choose_server
from casare._login_file import LoginFile, config_folder
from casare._retrying import Retries
from casare.errors import ConfigurationProblem


@dataclass(frozen=True, slots=True)
class Token:
    """An access token or an API key, used as it is."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Password:
    """A user, who is logged in with the first call."""

    username: str
    password: str = field(repr=False)
    tenant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The login in the file under this name of a profile."""

    file: LoginFile
    name: str


Credential = Token | Password | Stored


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a server."""

    url: str
    retries: Retries
    timeout_seconds: float
    verify: ssl.SSLContext | bool


@dataclass(frozen=True, slots=True)
class Settings(Connection):
    """What a client needs to know before its first call."""

    credential: Credential


def settings(
    url: str | None,
    *,
    username: str | None,
    password: str | None,
    tenant_id: str | None,
    token: str | None,
    api_key: str | None,
    profile: str | None,
    retries: Retries,
    timeout: float,
    verify: bool | str | os.PathLike[str] | ssl.SSLContext,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """All settled. Raises ConfigurationProblem."""
    named = profile or environ.get("CASARE_PROFILE")
    credential = _given(username, password, tenant_id, token, api_key)
    if credential is None and profile is None:
        credential = _from_environment(environ, tenant_id)
    if credential is not None and (url is not None or (environ.get("CASARE_URL") and not named)):
        # All was said: whoever runs in a container may have no home, and no file of logins.
        source, address = ("CASARE_URL", environ["CASARE_URL"]) if url is None else ("url", url)
        return Settings(checked_url(address, source), retries, timeout, _verification(verify), credential)
    file = LoginFile(config_folder(environ))
    server = choose_server(url, named, file, environ)
    return Settings(server.url, retries, timeout, _verification(verify), credential or _stored(server, file))


def _given(
    username: str | None, password: str | None, tenant_id: str | None, token: str | None, api_key: str | None
) -> Credential | None:
    if (username is None) != (password is None):
        raise ConfigurationProblem("`username` and `password` go together: pass both.")
    if sum(way is not None for way in (token, api_key, username)) > 1:
        raise ConfigurationProblem("Pass one credential: `token`, `api_key`, or `username` with `password`.")
    if username is not None and password is not None:
        return Password(username, password, tenant_id)
    if token is not None:
        return _token(token, "token")
    return None if api_key is None else _token(api_key, "api_key")


def _token(text: str, source: str) -> Token:
    """Without the line break that a file ends with. What cannot stand in a header would be quoted by its error."""
    value = text.strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ConfigurationProblem(f"{source}: this is no token. It is one line of ASCII, as the server gave it.")
    return Token(value)


def _from_environment(environ: Mapping[str, str], tenant_id: str | None) -> Credential | None:
    token = _secret(environ, "CASARE_TOKEN")
    if token:
        return _token(token, "CASARE_TOKEN")
    username = environ.get("CASARE_USERNAME")
    if not username:  # a password alone is one for `casare login`
        return None
    password = _secret(environ, "CASARE_PASSWORD")
    if not password:
        raise ConfigurationProblem("CASARE_USERNAME and CASARE_PASSWORD go together: set both, or neither.")
    return Password(username, password, tenant_id)


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value or not path:
        return value or None
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationProblem(f"{name}_FILE: cannot read {path}: {error}.") from error


def _stored(server: Server, file: LoginFile) -> Credential:
    """Tokens are for the server that gave them, whatever address is named beside the profile."""
    login = file.get(server.profile)
    if login is None or login.url != server.url:
        option = "" if server.profile == server.url else f" --profile {server.profile}"
        raise ConfigurationProblem(
            f"No credential for {server.url}. Pass `token` or `username` and `password`, set CASARE_TOKEN or "
            f"CASARE_USERNAME and CASARE_PASSWORD, or run: casare login{option}"
        )
    return Stored(file, server.profile)


def _verification(verify: bool | str | os.PathLike[str] | ssl.SSLContext) -> ssl.SSLContext | bool:
    if isinstance(verify, bool | ssl.SSLContext):
        return verify
    try:
        path = Path(verify)
        return (
            ssl.create_default_context(capath=str(path)) if path.is_dir() else ssl.create_default_context(cafile=path)
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationProblem(f"verify: cannot read certificates from {verify}: {error}.") from error
