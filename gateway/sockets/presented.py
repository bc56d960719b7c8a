"""What a handshake presents: its credential, which may stand in the query, and the page it comes from."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from gateway.errors import CredentialMalformed
from gateway.headers import Inbound
from gateway.identity.credentials import LONGEST_CREDENTIAL, Credential, credential_in
from shared.web.credentials import API_KEY_PREFIX

_NAMES: Final = frozenset({"api_key", "token"})
"""Browsers cannot add headers to a handshake. Either name may hold either kind."""


def split_query(query: bytes) -> tuple[list[str], bytes]:
    """The credentials in a query string, and the query without them, otherwise as it was."""
    credentials, kept = [], []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if unquote_plus(name.decode("latin-1")) in _NAMES:
            credentials.append(unquote_plus(value.decode("latin-1")).strip())
        else:
            kept.append(part)
    return credentials, b"&".join(kept)


def credential_of(inbound: Inbound, in_query: Sequence[str]) -> Credential:
    """The credential in the headers, else in the query. Raises `CredentialMissing` and `CredentialMalformed`."""
    authorization, api_key = inbound.all(b"authorization"), inbound.all(b"x-api-key")
    if authorization or api_key or not in_query:
        return credential_in(authorization, api_key)
    text = in_query[0]
    if len(in_query) > 1:
        raise CredentialMalformed("The query must have one credential: `token` or `api_key`, once.")
    if not text or len(text) > LONGEST_CREDENTIAL or not text.isascii():
        raise CredentialMalformed("The query holds no credential.")
    return Credential("api_key" if text.startswith(API_KEY_PREFIX) else "token", text)


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
