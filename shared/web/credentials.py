"""What auth issues and the gateway reads: names, formats and internal routes on which both must agree."""

import hashlib
import re
from typing import Final

import msgspec

SIGNING_ALGORITHM: Final = "EdDSA"
"""Of access and refresh tokens; never taken from a token's own header."""
ISSUER: Final = "casare"
AUDIENCE_ACCESS: Final = "casare-api"
AUDIENCE_REFRESH: Final = "casare-refresh"

CLAIM_TENANT: Final = "tid"
CLAIM_ROLES: Final = "roles"
"""A list with the one role the user holds in the token's tenant; roles are cumulative."""
CLAIM_SESSION: Final = "sid"
"""The refresh family; revoking it ends every token of the family."""
CLAIM_TYPE: Final = "typ"
TYPE_ACCESS: Final = "access"
TYPE_REFRESH: Final = "refresh"

ACCESS_TOKEN_SECONDS: Final = 3600
REFRESH_TOKEN_SECONDS: Final = 7 * 24 * 3600
"""Both from contract clarifications 6."""

JWKS_PATH: Final = "/internal/jwks"
VERIFY_API_KEY_PATH: Final = "/internal/api-keys/verify"
REVOCATIONS_PATH: Final = "/internal/revocations"

INVALID_API_KEY: Final = "INVALID_API_KEY"
"""The problem's `code` for a key that is unknown, wrong, expired or revoked."""

API_KEY_PREFIX: Final = "crpa_"
_API_KEY: Final = re.compile(r"crpa_([0-9A-Za-z-]{1,64})_([0-9A-Za-z]{32,128})", re.ASCII)


class ApiKeyProof(msgspec.Struct, frozen=True):
    """What a presented API key proves itself with; the body of `POST /internal/api-keys/verify`."""

    key_id: str
    secret_hash: str
    """SHA-256 of the secret, lower-case hex: the secret itself goes no further than the gateway."""


class VerifiedApiKey(msgspec.Struct, frozen=True):
    """The 200 answer of `POST /internal/api-keys/verify`; a key that is not valid now is answered 401 with the code
    `INVALID_API_KEY`, which tells it from a gateway that may not ask."""

    key_id: str
    tenant_id: str
    robot_id: str | None = None
    environment: str | None = None
    expires_ms: int | None = None


class RevokedSession(msgspec.Struct, frozen=True):
    """A session whose access tokens are refused until they expire by themselves."""

    session_id: str
    tokens_expire_ms: int


class Revocations(msgspec.Struct, frozen=True):
    """The answer of `GET /internal/revocations`: what a gateway must refuse although it may look valid."""

    sessions: list[RevokedSession]
    """Those with a token that has not expired."""
    api_key_ids: list[str] = []
    """Keys revoked lately: longer ago than a gateway remembers that a key was good is of no interest."""


def format_api_key(key_id: str, secret: str) -> str:
    """The key as its owner sees it, once (clarifications 7)."""
    return f"{API_KEY_PREFIX}{key_id}_{secret}"


def hash_secret(secret: str) -> str:
    """SHA-256 as lower-case hex. Enough for a secret of ≥ 128 random bits, which no list of passwords holds."""
    return hashlib.sha256(secret.encode()).hexdigest()


def parse_api_key(text: str) -> ApiKeyProof | None:
    """The proof in a presented key, or None when `text` has not the form of a key."""
    match = _API_KEY.fullmatch(text)
    return None if match is None else ApiKeyProof(match[1], hash_secret(match[2]))
