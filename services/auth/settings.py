"""What the auth service reads from its environment."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Final

from pydantic import Field, SecretStr, field_validator

from services.auth.domain.lockout import LockoutPolicy
from services.auth.domain.session import Lifetimes
from shared.config import ServiceSettings
from shared.web.credentials import ACCESS_TOKEN_SECONDS, ISSUER, REFRESH_TOKEN_SECONDS

SEED_BYTES: Final = 32
DEVELOPMENT_SIGNING_KEY: Final = b64encode(hashlib.sha256(b"casare development signing key").digest()).decode()
"""The same in every replica without configuration, and known to everybody: production refuses it."""

_MS_PER_SECOND: Final = 1000
_MS_PER_DAY: Final = 24 * 3600 * _MS_PER_SECOND


class AuthSettings(ServiceSettings):
    """Settings of the auth service."""

    port: int = Field(8001, ge=0, le=65535)
    token_signing_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_SIGNING_KEY),
        description="signs users' tokens: base64 of 32 random bytes (`openssl rand -base64 32`)",
    )
    token_previous_key: SecretStr = Field(
        SecretStr(""), description="the signing key before this one, still accepted; empty for none"
    )
    token_issuer: str = Field(ISSUER, min_length=1, description="`iss` of users' tokens")
    access_token_seconds: int = Field(ACCESS_TOKEN_SECONDS, ge=1, le=ACCESS_TOKEN_SECONDS)
    refresh_token_seconds: int = Field(REFRESH_TOKEN_SECONDS, ge=1, le=REFRESH_TOKEN_SECONDS)
    admin_password: SecretStr = Field(
        SecretStr(""), max_length=1024, description="password of the first user, `admin`; read only while there is none"
    )
    password_memory_kib: int = Field(19_456, ge=8, description="memory of one password hash (argon2id)")
    password_iterations: int = Field(2, ge=1)
    password_parallelism: int = Field(1, ge=1)
    password_hashes_at_once: int = Field(2, ge=1, le=64, description="password hashes at the same time per process")
    logins_waiting: int = Field(100, ge=0, description="logins waiting for a hash; more are answered 503")
    login_max_failures: int = Field(5, ge=1, description="failed logins that lock an account or address")
    login_window_seconds: int = Field(300, ge=1, description="within which they count")
    login_lock_seconds: int = Field(900, ge=1, description="how long the lock lasts")
    api_key_use_flush_seconds: float = Field(5.0, gt=0, description="how often last-used times are written")
    event_linger_seconds: float = Field(
        0.05, ge=0, le=1, description="how long an event may wait to be stored together with others"
    )
    audit_retention_days: int = Field(365, ge=0, description="how long the audit is kept; 0: for ever")
    dev_mode: bool = Field(False, description="what `/auth/me` tells clients as `dev_mode`")

    @field_validator("token_signing_key", "token_previous_key")
    @classmethod
    def _is_a_seed(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            _seed(value)
        return value

    @property
    def signing_seed(self) -> bytes:
        """32 bytes: the Ed25519 key that signs."""
        return _seed(self.token_signing_key)

    @property
    def previous_seed(self) -> bytes | None:
        """32 bytes: the key before it, if any."""
        return _seed(self.token_previous_key) if self.token_previous_key.get_secret_value() else None

    @property
    def lifetimes(self) -> Lifetimes:
        """How long tokens are good for."""
        return Lifetimes(self.access_token_seconds * _MS_PER_SECOND, self.refresh_token_seconds * _MS_PER_SECOND)

    @property
    def lockout(self) -> LockoutPolicy:
        """When guessing stops."""
        return LockoutPolicy(
            max_failures=self.login_max_failures,
            window_ms=self.login_window_seconds * _MS_PER_SECOND,
            lock_ms=self.login_lock_seconds * _MS_PER_SECOND,
        )

    @property
    def audit_retention_ms(self) -> int:
        """How long the audit is kept; 0: for ever."""
        return self.audit_retention_days * _MS_PER_DAY

    def default_secrets(self) -> Iterator[str]:
        yield from super().default_secrets()
        development = b64decode(DEVELOPMENT_SIGNING_KEY)
        if self.signing_seed == development:
            yield "CASARE_TOKEN_SIGNING_KEY"
        if self.previous_seed == development:
            yield "CASARE_TOKEN_PREVIOUS_KEY"


def _seed(value: SecretStr) -> bytes:
    try:
        seed = b64decode(value.get_secret_value(), validate=True)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise ValueError("must be base64 of 32 random bytes")
    return seed
