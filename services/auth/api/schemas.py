"""Bodies of the auth service's requests and responses."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from services.auth.domain.session import TokenPair
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

_TOKENS: Final[dict[str, Any]] = {
    "access_token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
    "refresh_token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
    "token_type": "bearer",
    "expires_in": 3600,
}
_ME: Final[dict[str, Any]] = {
    "user_id": "admin",
    "roles": ["admin", "developer", "operator", "viewer"],
    "tenant_id": "default",
    "dev_mode": False,
}


class LoginRequest(BaseModel):
    """Who wants in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"username": "admin", "password": "your-password"}]})

    username: Text = Field(min_length=1, max_length=128)
    password: Secret = Field(min_length=1, max_length=1024)
    tenant_id: Text | None = Field(None, min_length=1, max_length=64, description="one of the user's tenants")


class RefreshRequest(BaseModel):
    """The refresh token to change for new ones."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"refresh_token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"}]})

    refresh_token: Secret = Field(min_length=1, max_length=4096)


class TokenResponse(BaseModel):
    """A pair of tokens."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOKENS]})

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

    model_config = ConfigDict(json_schema_extra={"examples": [{"message": "Successfully logged out"}]})

    message: str = "Successfully logged out"


class MeResponse(BaseModel):
    """The caller."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ME]})

    user_id: str
    roles: list[Role] = Field(description="highest first, with every role it includes")
    tenant_id: str
    dev_mode: bool


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
