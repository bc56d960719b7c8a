"""Bodies of the auth service's requests and responses."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from services.auth.domain.api_key import ApiKey, ApiKeyStatus
from services.auth.domain.session import TokenPair
from shared.kernel.clock import to_datetime, to_optional_datetime
from shared.kernel.permissions import Role


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL")
    return value


def _secret_without_nul(value: SecretStr) -> SecretStr:
    _without_nul(value.get_secret_value())
    return value


Text = Annotated[str, AfterValidator(_without_nul)]
Secret = Annotated[SecretStr, AfterValidator(_secret_without_nul)]
RobotId = Annotated[Text, Field(min_length=1, max_length=64)]


class LoginRequest(BaseModel):
    """Who wants in."""

    username: Text = Field(min_length=1, max_length=128)
    password: Secret = Field(min_length=1, max_length=1024)
    tenant_id: Text | None = Field(None, min_length=1, max_length=64, description="one of the user's tenants")


class RefreshRequest(BaseModel):
    """The refresh token to change for new ones."""

    refresh_token: Secret = Field(min_length=1, max_length=4096)


class TokenResponse(BaseModel):
    """A pair of tokens."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of a scheme (RFC 6750)
    expires_in: int = Field(description="seconds until the access token ends")

    @classmethod
    def of(cls, pair: TokenPair) -> "TokenResponse":
        """The response for `pair`."""
        return cls(access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in_seconds)


class LogoutResponse(BaseModel):
    """The session is over."""

    message: str = "Successfully logged out"


class MeResponse(BaseModel):
    """The caller."""

    user_id: str
    roles: list[Role] = Field(description="highest first, with every role it includes")
    tenant_id: str
    dev_mode: bool


class CreateApiKeyRequest(BaseModel):
    """A key for one robot, or without `robot_id` an enrolment key."""

    model_config = ConfigDict(extra="forbid")

    name: Text = Field(min_length=1, max_length=128)
    robot_id: RobotId | None = None
    description: Text | None = Field(None, max_length=512)
    expires_at: AwareDatetime | None = Field(None, description="in the future; without it the key does not expire")
    environment: Text | None = Field(None, min_length=1, max_length=64)


class ApiKeyResponse(BaseModel):
    """A key without its secret."""

    id: str
    robot_id: str | None
    key_name: str
    status: ApiKeyStatus
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    environment: str | None
    description: str | None

    @classmethod
    def of(cls, key: ApiKey, now_ms: int) -> "ApiKeyResponse":
        """The response for `key` as it stands at `now_ms`."""
        return cls(
            id=key.key_id,
            robot_id=key.robot_id,
            key_name=key.name,
            status=key.status(now_ms),
            created_at=to_datetime(key.created_ms),
            expires_at=to_optional_datetime(key.expires_ms),
            last_used_at=to_optional_datetime(key.last_used_ms or None),
            environment=key.environment,
            description=key.description,
        )


class CreatedApiKeyResponse(BaseModel):
    """A new key."""

    api_key: str = Field(description="shown this once, stored nowhere")
    key: ApiKeyResponse


class RevokedApiKeyResponse(BaseModel):
    """A key that is over."""

    key: ApiKeyResponse


class ApiKeyListResponse(BaseModel):
    """One page of keys."""

    keys: list[ApiKeyResponse]
    total: int


class VerifyApiKeyRequest(BaseModel):
    """The public id and the lower-case hex SHA-256 of the secret of a key somebody showed."""

    key_id: Text = Field(max_length=64)
    secret_hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class VerifiedApiKeyResponse(BaseModel):
    """Whose key it is."""

    key_id: str
    tenant_id: str
    robot_id: str | None
    environment: str | None
    expires_ms: int | None


class RevokedSession(BaseModel):
    """A session whose access tokens must be refused until they end."""

    session_id: str
    tokens_expire_ms: int


class RevocationsResponse(BaseModel):
    """What to refuse although it verifies."""

    sessions: list[RevokedSession]
    api_key_ids: list[str]


class JwksResponse(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]]
