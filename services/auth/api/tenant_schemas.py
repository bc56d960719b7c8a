"""Bodies of `/tenants`."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.auth.domain.tenant import TENANT_ID, Tenant
from shared.kernel.clock import to_datetime
from shared.kernel.permissions import Role
from shared.web.text import Text

_EXAMPLE: Final[dict[str, Any]] = {
    "tenant_id": "north",
    "name": "Plant North",
    "disabled": False,
    "created_at": "2026-01-01T12:00:00Z",
}


def _checked_tenant_id(value: str) -> str:
    if not TENANT_ID.fullmatch(value):
        raise ValueError("only lower-case letters, digits and - are allowed, starting with a letter or digit")
    return value


TenantId = Annotated[str, Field(min_length=1, max_length=63), AfterValidator(_checked_tenant_id)]
TenantName = Annotated[Text, Field(min_length=1, max_length=128)]


class CreateTenantRequest(BaseModel):
    """A new tenant; its id is for good."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"tenant_id": "north", "name": "Plant North"}]}
    )

    tenant_id: TenantId
    name: TenantName


class UpdateTenantRequest(BaseModel):
    """What is to be different; what is absent or null stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"disabled": True}]})

    name: TenantName | None = None
    disabled: bool | None = Field(None, description="nobody may enter, neither users nor robots")


class TenantResponse(BaseModel):
    """A tenant."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    tenant_id: str
    name: str
    disabled: bool
    created_at: datetime

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantResponse":
        """The response for `tenant`."""
        return cls(
            tenant_id=tenant.tenant_id,
            name=tenant.name,
            disabled=tenant.is_disabled,
            created_at=to_datetime(tenant.created_ms),
        )


class TenantListResponse(BaseModel):
    """One page of tenants."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tenants": [_EXAMPLE], "total": 1}]})

    tenants: list[TenantResponse]
    total: int


class SetMembershipRequest(BaseModel):
    """The user's role in the tenant."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "admin"}]})

    role: Role
