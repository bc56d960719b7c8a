"""Bodies of `/users` and `/auth/password`."""

import re
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.auth.api.schemas import Secret
from services.auth.domain.user import User
from services.auth.use_cases.create_user import NewUser
from services.auth.use_cases.update_user import WantedUpdate
from shared.kernel.clock import to_datetime
from shared.kernel.permissions import Role
from shared.web.text import Text

_USERNAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_EXAMPLE: Final[dict[str, Any]] = {
    "user_id": "maria",
    "role": "operator",
    "tenant_id": "default",
    "disabled": False,
    "display_name": "Maria Rossi",
    "email": "maria@example.org",
    "created_at": "2026-01-01T12:00:00Z",
}


def _checked_username(value: str) -> str:
    if not _USERNAME.fullmatch(value):
        raise ValueError("only letters, digits and . _ @ + - are allowed, starting with a letter or digit")
    return value


def _checked_email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("must look like name@host")
    return value


Username = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_checked_username)]
NewPassword = Annotated[Secret, Field(min_length=8, max_length=1024)]
DisplayName = Annotated[Text, Field(min_length=1, max_length=128)]
Email = Annotated[Text, Field(max_length=254), AfterValidator(_checked_email)]


class CreateUserRequest(BaseModel):
    """Somebody new in the caller's tenant."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"username": "maria", "password": "a long password", "role": "operator"}],
        },
    )

    username: Username = Field(description="unique in the whole installation")
    password: NewPassword
    role: Role
    display_name: DisplayName | None = None
    email: Email | None = None

    def wanted(self) -> NewUser:
        """What the use case is told."""
        return NewUser(
            user_id=self.username,
            password=self.password.get_secret_value(),
            role=self.role,
            display_name=self.display_name,
            email=self.email,
        )


class UpdateUserRequest(BaseModel):
    """What is to be different; what is absent or null stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "developer"}]})

    role: Role | None = None
    disabled: bool | None = Field(None, description="whether the user may enter this tenant")
    password: NewPassword | None = Field(None, description="only for a user of no other tenant")
    display_name: DisplayName | None = None
    email: Email | None = None

    def wanted(self) -> WantedUpdate:
        """What the use case is told."""
        return WantedUpdate(
            role=self.role,
            disabled=self.disabled,
            password=None if self.password is None else self.password.get_secret_value(),
            display_name=self.display_name,
            email=self.email,
        )


class UserResponse(BaseModel):
    """A user as one tenant sees them."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    user_id: str = Field(description="the user name")
    role: Role
    tenant_id: str
    disabled: bool
    display_name: str | None
    email: str | None
    created_at: datetime

    @classmethod
    def of(cls, user: User, tenant_id: str) -> "UserResponse":
        """The response for `user`, a member of `tenant_id`."""
        return cls(
            user_id=user.user_id,
            role=user.tenants[tenant_id],
            tenant_id=tenant_id,
            disabled=tenant_id in user.disabled_in,
            display_name=user.display_name,
            email=user.email,
            created_at=to_datetime(user.created_ms),
        )


class UserListResponse(BaseModel):
    """One page of users."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"users": [_EXAMPLE], "total": 1}]})

    users: list[UserResponse]
    total: int


class RemovedUserResponse(BaseModel):
    """A user who left a tenant."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user_id": "maria", "tenant_id": "default", "account_deleted": True}]}
    )

    user_id: str
    tenant_id: str
    account_deleted: bool = Field(description="false: the user still belongs to other tenants")


class ChangePasswordRequest(BaseModel):
    """The password one has, and the one to have."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"current_password": "the old one", "new_password": "a long new one"}]},
    )

    current_password: Annotated[Secret, Field(min_length=1, max_length=1024)]
    new_password: NewPassword


class ChangedPasswordResponse(BaseModel):
    """The new password holds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message": "Password changed"}]})

    message: str = "Password changed"
