"""Robots' API keys: a public id and a secret (clarifications 7; their text form is in `shared/web/credentials.py`).

Only SHA-256 of the secret is stored. The secret has 256 bits, so there is nothing to guess from its hash and no slow
hash is needed; whoever reads the store cannot make a key from it.
"""

import hashlib
import hmac
from base64 import b32encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from shared.kernel.errors import Conflict, NotFound, Unauthenticated

KEY_ID_LENGTH: Final = 12
FIRST_VERSION: Final = 1
_NO_HASH: Final = "0" * 64


class ApiKeyNotFound(NotFound):
    """No such key in the caller's tenant."""

    code = "API_KEY_NOT_FOUND"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"API key {key_id} not found")


class InvalidApiKey(Unauthenticated):
    """Unknown, wrong, expired or revoked: all told alike."""

    code = "INVALID_API_KEY"

    def __init__(self) -> None:
        super().__init__("The API key is not valid.")


class SecretNotRepeatable(Conflict):
    """A creation is repeated after the server's signing key has changed: its secret cannot be made again."""

    code = "API_KEY_SECRET_GONE"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"API key {key_id} exists, but its secret cannot be shown again. Revoke it and create another."
        )


class ApiKeyNotRotatable(Conflict):
    """Only an active key that has no successor yet can be rotated."""

    code = "API_KEY_NOT_ROTATABLE"

    def __init__(self, key_id: str, why: str) -> None:
        super().__init__(f"API key {key_id} cannot be rotated: {why}.")


class ApiKeyStatus(StrEnum):
    """What a key is good for now."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A robot's credential. Times in epoch milliseconds."""

    key_id: str = msgspec.field(name="_id")
    """Public: part of the key's text and of logs."""
    tenant_id: str
    version: int
    name: str
    secret_hash: str
    created_ms: int
    created_by: str
    last_used_ms: int
    """0: never. Telemetry: written at most once a minute, without a new version."""
    description: str | None = None
    robot_id: str | None = None
    """The one robot the key may act for; None for an enrolment key."""
    environment: str | None = None
    """The environment an enrolment key is limited to; None for any."""
    expires_ms: int | None = None
    revoked_ms: int | None = None
    rotated_to: str | None = None
    """The id of the key that replaces this one."""

    def status(self, now_ms: int) -> ApiKeyStatus:
        """Revoked outlasts expired: it is what somebody decided."""
        if self.revoked_ms is not None:
            return ApiKeyStatus.REVOKED
        if self.expires_ms is not None and self.expires_ms <= now_ms:
            return ApiKeyStatus.EXPIRED
        return ApiKeyStatus.ACTIVE

    def revoked(self, now_ms: int) -> "ApiKey":
        """The key after its end."""
        return msgspec.structs.replace(self, version=self.version + 1, revoked_ms=now_ms)

    def require_rotatable(self, now_ms: int) -> None:
        """Raise `ApiKeyNotRotatable` unless the key is active and has no successor."""
        if self.rotated_to is not None:
            raise ApiKeyNotRotatable(self.key_id, f"it was rotated to {self.rotated_to}; rotate that one")
        status = self.status(now_ms)
        if status is not ApiKeyStatus.ACTIVE:
            raise ApiKeyNotRotatable(self.key_id, f"it is {status.value}")

    def rotated(self, successor: str, now_ms: int, overlap_ms: int) -> "ApiKey":
        """The key beside its successor: valid for `overlap_ms` more, or as long as it would have been if that is less.

        Clarifications 7.
        """
        ends_ms = now_ms + overlap_ms
        if self.expires_ms is not None:
            ends_ms = min(ends_ms, self.expires_ms)
        return msgspec.structs.replace(self, version=self.version + 1, rotated_to=successor, expires_ms=ends_ms)


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Which keys somebody wants to see; `now_ms` decides between active and expired."""

    now_ms: int
    robot_id: str | None = None
    status: ApiKeyStatus | None = None


def key_id_of(creation_id: str) -> str:
    """The public id of the key that a creation makes, however often it is repeated: 60 bits in base 32."""
    return b32encode(hashlib.sha256(creation_id.encode()).digest()).decode().lower()[:KEY_ID_LENGTH]


def opens(key: ApiKey | None, secret_hash: str, now_ms: int) -> bool:
    """Whether `secret_hash` is that of `key` and the key is active; compares in constant time, also without a key."""
    matches = hmac.compare_digest(_NO_HASH if key is None else key.secret_hash, secret_hash)
    return key is not None and matches and key.status(now_ms) is ApiKeyStatus.ACTIVE
