"""Finding the credential in a request's headers, or where headers cannot be set, in its query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from gateway.errors import CredentialMalformed, CredentialMissing
from shared.web.credentials import API_KEY_PREFIX, parse_api_key

LONGEST_CREDENTIAL: Final = 8192
_IN_QUERY: Final = frozenset({"api_key", "token"})
"""Browsers cannot add headers to a WebSocket or an event stream. Either name may hold either kind."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What was presented, unverified."""

    kind: str
    """`token` or `api_key`."""
    text: str

    @property
    def claimed_key_id(self) -> str:
        """The public id of the API key it claims to be; empty when it is no such claim."""
        proof = parse_api_key(self.text)
        return "" if proof is None else proof.key_id


def credential_in(authorization: Sequence[bytes], api_key: Sequence[bytes], query: Sequence[str] = ()) -> Credential:
    """The credential in the values of `Authorization` and `X-Api-Key`; the latter wins when both are sent.

    Without them, the one in the `query`, of which `split_query` gives the values.

    An API key may also stand in `Authorization: Bearer` (clarifications 7). Raises `CredentialMissing` and
    `CredentialMalformed`.
    """
    if api_key:
        return Credential("api_key", _single(api_key, "X-Api-Key"))
    if not authorization and query:
        text = _only(query)
        return Credential(_kind_of(text), text)
    if not authorization:
        raise CredentialMissing("This route needs a credential: an access token or an API key.")
    scheme, _, text = _single(authorization, "Authorization").partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        raise CredentialMalformed("The Authorization header must be 'Bearer' and a token or API key.")
    return Credential(_kind_of(text), text)


def split_query(query: bytes) -> tuple[list[str], bytes]:
    """The credentials in a query string, and the query without them, otherwise as it was."""
    credentials, kept = [], []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if unquote_plus(name.decode("latin-1")) in _IN_QUERY:
            credentials.append(unquote_plus(value.decode("latin-1")).strip())
        else:
            kept.append(part)
    return credentials, b"&".join(kept)


def _kind_of(text: str) -> str:
    return "api_key" if text.startswith(API_KEY_PREFIX) else "token"


def _only(in_query: Sequence[str]) -> str:
    if len(in_query) > 1:
        raise CredentialMalformed("The query must have one credential: `token` or `api_key`, once.")
    text = in_query[0]
    if not text or len(text) > LONGEST_CREDENTIAL or not text.isascii():
        raise CredentialMalformed("The query holds no credential.")
    return text


def _single(values: Sequence[bytes], header: str) -> str:
    if len(values) > 1:
        raise CredentialMalformed(f"The {header} header must be sent once.")
    value = values[0]
    if len(value) > LONGEST_CREDENTIAL or not value.isascii():
        raise CredentialMalformed(f"The {header} header holds no credential.")
    return value.decode("ascii").strip()
