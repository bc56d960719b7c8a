"""Tenants and memberships, for administrators of the installation; a look at one's own for all administrators."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from services.auth.api.tenant_schemas import (
    CreateTenantRequest,
    SetMembershipRequest,
    TenantListResponse,
    TenantResponse,
    UpdateTenantRequest,
)
from services.auth.api.user_routes import Limit, Offset, UserId
from services.auth.api.user_schemas import RemovedUserResponse, UserResponse
from services.auth.use_cases.create_tenant import CreateTenant, NewTenant
from services.auth.use_cases.get_tenant import GetTenant
from services.auth.use_cases.list_tenants import ListTenants
from services.auth.use_cases.remove_user import RemoveUser
from services.auth.use_cases.set_membership import SetMembership
from services.auth.use_cases.update_tenant import UpdateTenant
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses

TenantId = Annotated[str, Path(description="the tenant's id")]


@dataclass(frozen=True, slots=True)
class TenantUseCases:
    """What administrators do with tenants and who belongs to them."""

    create: CreateTenant
    list: ListTenants
    get: GetTenant
    update: UpdateTenant
    set_membership: SetMembership
    remove_user: RemoveUser


def build_tenant_router(use_cases: TenantUseCases, *, idempotent: IdempotentResponses) -> ContractRouter:
    """`/tenants*` (beyond.md, "Also needed"). Tenants are disabled, not deleted."""
    router = ContractRouter(tag="tenants")
    _add_making(router, use_cases, idempotent)
    _add_reading(router, use_cases)
    _add_members(router, use_cases)

    @router.endpoint(
        "PUT",
        "/tenants/{tenant_id}",
        permission=Permission.ADMINISTER,
        summary="Rename, disable or enable a tenant",
        response_model=TenantResponse,
        errors=(404, 409),
    )
    async def update(tenant_id: TenantId, body: UpdateTenantRequest, caller: Caller) -> TenantResponse:
        """For administrators of the tenant `default`, which itself cannot be disabled: 409.

        Nobody logs in to a disabled tenant, its sessions end and its robots' keys open nothing.
        """
        tenant = await use_cases.update(caller=caller, tenant_id=tenant_id, name=body.name, disabled=body.disabled)
        return TenantResponse.of(tenant)

    return router


def _add_making(router: ContractRouter, use_cases: TenantUseCases, idempotent: IdempotentResponses) -> None:
    @router.endpoint(
        "POST",
        "/tenants",
        permission=Permission.ADMINISTER,
        summary="Create a tenant",
        response_model=TenantResponse,
        errors=(404, 409),
    )
    async def create(
        body: CreateTenantRequest, request: Request, caller: Caller, key: IdempotencyKey = None
    ) -> Response:
        """For administrators of the tenant `default`; the caller becomes the new tenant's first administrator."""

        async def store(creation_id: str) -> TenantResponse:
            wanted = NewTenant(tenant_id=body.tenant_id, name=body.name)
            return TenantResponse.of(await use_cases.create(caller=caller, wanted=wanted, creation_id=creation_id))

        return await idempotent.run(key, request, caller, store)


def _add_reading(router: ContractRouter, use_cases: TenantUseCases) -> None:
    @router.endpoint(
        "GET", "/tenants", permission=Permission.ADMINISTER, summary="List tenants", response_model=TenantListResponse
    )
    async def list_tenants(caller: Caller, limit: Limit = 100, offset: Offset = 0) -> TenantListResponse:
        """All tenants for administrators of the tenant `default`, else those the caller belongs to; by id."""
        tenants, total = await use_cases.list(caller=caller, limit=limit, offset=offset)
        return TenantListResponse(tenants=[TenantResponse.of(tenant) for tenant in tenants], total=total)

    @router.endpoint(
        "GET",
        "/tenants/{tenant_id}",
        permission=Permission.ADMINISTER,
        summary="Read a tenant",
        response_model=TenantResponse,
        errors=(404,),
    )
    async def read(tenant_id: TenantId, caller: Caller) -> TenantResponse:
        """One of the tenants that the list shows."""
        return TenantResponse.of(await use_cases.get(caller=caller, tenant_id=tenant_id))


def _add_members(router: ContractRouter, use_cases: TenantUseCases) -> None:
    @router.endpoint(
        "PUT",
        "/tenants/{tenant_id}/members/{user_id}",
        permission=Permission.ADMINISTER,
        summary="Give a user a role in a tenant",
        response_model=UserResponse,
        errors=(404, 409),
    )
    async def set_member(
        tenant_id: TenantId, user_id: UserId, body: SetMembershipRequest, caller: Caller
    ) -> UserResponse:
        """For administrators of the tenant `default`: lets an existing user into any tenant. Doing it again is no
        error."""
        user = await use_cases.set_membership(caller=caller, tenant_id=tenant_id, user_id=user_id, role=body.role)
        return UserResponse.of(user, tenant_id)

    @router.endpoint(
        "DELETE",
        "/tenants/{tenant_id}/members/{user_id}",
        permission=Permission.ADMINISTER,
        summary="Take a user out of a tenant",
        response_model=RemovedUserResponse,
        errors=(404, 409),
    )
    async def remove_member(tenant_id: TenantId, user_id: UserId, caller: Caller) -> RemovedUserResponse:
        """As `DELETE /users/{user_id}`, for administrators of the tenant `default` in any tenant."""
        user = await use_cases.remove_user(caller=caller, tenant_id=tenant_id, user_id=user_id)
        return RemovedUserResponse(user_id=user_id, tenant_id=tenant_id, account_deleted=not user.tenants)
