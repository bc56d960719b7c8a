"""Finding the credential in a request's headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.errors import CredentialMalformed, CredentialMissing
from shared.web.credentials import API_KEY_PREFIX, parse_api_key

LONGEST_CREDENTIAL: Final = 8192


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


def credential_in(authorization: Sequence[bytes], api_key: Sequence[bytes]) -> Credential:
    """The credential in the values of `Authorization` and `X-Api-Key`; the latter wins when both are sent.

    An API key may also stand in `Authorization: Bearer` (clarifications 7). Raises `CredentialMissing` and
    `CredentialMalformed`.
    """
    if api_key:
        return Credential("api_key", _single(api_key, "X-Api-Key"))
    if not authorization:
        raise CredentialMissing("This route needs a credential: an access token or an API key.")
    scheme, _, text = _single(authorization, "Authorization").partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        raise CredentialMalformed("The Authorization header must be 'Bearer' and a token or API key.")
    return Credential("api_key" if text.startswith(API_KEY_PREFIX) else "token", text)


def _single(values: Sequence[bytes], header: str) -> str:
    if len(values) > 1:
        raise CredentialMalformed(f"The {header} header must be sent once.")
    value = values[0]
    if len(value) > LONGEST_CREDENTIAL or not value.isascii():
        raise CredentialMalformed(f"The {header} header holds no credential.")
    return value.decode("ascii").strip()
