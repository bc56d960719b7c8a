"""Bodies of `/robot-api-keys`."""

from datetime import datetime
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.auth.api.schemas import RobotId, Text
from services.auth.domain.api_key import ApiKey, ApiKeyStatus
from services.auth.use_cases.rotate_api_key import MAX_OVERLAP_SECONDS, OVERLAP_SECONDS
from shared.kernel.clock import to_datetime, to_optional_datetime

_KEY: Final[dict[str, Any]] = {
    "id": "b7qk2mdhx5ta",
    "robot_id": "robot-001",
    "key_name": "Line 1",
    "status": "active",
    "created_at": "2026-01-01T12:00:00Z",
    "expires_at": None,
    "last_used_at": None,
    "environment": None,
    "description": "The robot on line 1",
    "rotated_to": None,
}
_OLD_KEY: Final = {**_KEY, "id": "ynkhafdtrgs3", "expires_at": "2026-01-02T12:00:00Z", "rotated_to": "b7qk2mdhx5ta"}
_TEXT: Final = f"crpa_b7qk2mdhx5ta_{'0123456789abcdef' * 4}"


class CreateApiKeyRequest(BaseModel):
    """A key for one robot, or without `robot_id` an enrolment key."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Line 1", "robot_id": "robot-001", "expires_at": "2027-01-01T00:00:00Z"}]
        },
    )

    name: Text = Field(min_length=1, max_length=128)
    robot_id: RobotId | None = None
    description: Text | None = Field(None, max_length=512)
    expires_at: AwareDatetime | None = Field(None, description="in the future; without it the key does not expire")
    environment: Text | None = Field(None, min_length=1, max_length=64)


class ApiKeyResponse(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KEY]})

    id: str
    robot_id: str | None
    key_name: str
    status: ApiKeyStatus
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    environment: str | None
    description: str | None
    rotated_to: str | None = Field(None, description="the key that replaces this one")

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
            rotated_to=key.rotated_to,
        )


class CreatedApiKeyResponse(BaseModel):
    """A new key."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"api_key": _TEXT, "key": _KEY}]})

    api_key: str = Field(description="shown this once, stored nowhere")
    key: ApiKeyResponse


class RotateApiKeyRequest(BaseModel):
    """How to replace a key."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"overlap_seconds": 3600}]})

    overlap_seconds: int = Field(
        OVERLAP_SECONDS,
        ge=0,
        le=MAX_OVERLAP_SECONDS,
        description="how long the old key stays valid; 0 revokes it at once",
    )
    expires_at: AwareDatetime | None = Field(
        None, description="of the new key, in the future; without it the old key's expiry is kept"
    )


class RotationResponse(BaseModel):
    """A key's successor, and the key it replaces."""

    key: ApiKeyResponse
    previous: ApiKeyResponse = Field(description="valid until its `expires_at`")


class RotatedApiKeyResponse(RotationResponse):
    """A rotation as it is shown once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"api_key": _TEXT, "key": _KEY, "previous": _OLD_KEY}]})

    api_key: str = Field(description="shown this once, stored nowhere")


class RevokedApiKeyResponse(BaseModel):
    """A key that is over."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": {**_KEY, "status": "revoked"}}]})

    key: ApiKeyResponse


class ApiKeyListResponse(BaseModel):
    """One page of keys."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keys": [_KEY], "total": 1}]})

    keys: list[ApiKeyResponse]
    total: int
