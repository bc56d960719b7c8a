"""Users, for the administrators of their tenant; and one's own password."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import Response

from services.auth.api.routes import ClientAddress
from services.auth.api.user_schemas import (
    ChangedPasswordResponse,
    ChangePasswordRequest,
    CreateUserRequest,
    RemovedUserResponse,
    UpdateUserRequest,
    UserListResponse,
    UserResponse,
)
from services.auth.use_cases.change_own_password import ChangeOwnPassword
from services.auth.use_cases.create_user import CreateUser
from services.auth.use_cases.get_user import GetUser
from services.auth.use_cases.list_users import ListUsers
from services.auth.use_cases.remove_user import RemoveUser
from services.auth.use_cases.update_user import UpdateUser
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses

Limit = Annotated[int, Query(ge=1, le=500, description="how many at most")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="how many to skip")]
UserId = Annotated[str, Path(description="the user name")]


@dataclass(frozen=True, slots=True)
class UserUseCases:
    """What administrators do with users, and users with themselves."""

    create: CreateUser
    list: ListUsers
    get: GetUser
    update: UpdateUser
    remove: RemoveUser
    change_own_password: ChangeOwnPassword


def build_user_router(use_cases: UserUseCases, *, idempotent: IdempotentResponses) -> ContractRouter:
    """`/users*` and `/auth/password` (beyond.md, "Also needed")."""
    router = ContractRouter(tag="users")
    _add_making(router, use_cases, idempotent)
    _add_reading(router, use_cases)
    _add_changing(router, use_cases)
    _add_own_password(router, use_cases)
    return router


def _add_making(router: ContractRouter, use_cases: UserUseCases, idempotent: IdempotentResponses) -> None:
    @router.endpoint(
        "POST",
        "/users",
        permission=Permission.ADMINISTER,
        summary="Create a user",
        response_model=UserResponse,
        errors=(409,),
    )
    async def create(body: CreateUserRequest, request: Request, caller: Caller, key: IdempotencyKey = None) -> Response:
        """Adds somebody to the caller's tenant. A user name is unique in the whole installation: 409 `USER_EXISTS`."""

        async def store(creation_id: str) -> UserResponse:
            user = await use_cases.create(caller=caller, wanted=body.wanted(), creation_id=creation_id)
            return UserResponse.of(user, caller.tenant_id)

        return await idempotent.run(key, request, caller, store)


def _add_reading(router: ContractRouter, use_cases: UserUseCases) -> None:
    @router.endpoint(
        "GET", "/users", permission=Permission.ADMINISTER, summary="List users", response_model=UserListResponse
    )
    async def list_users(caller: Caller, limit: Limit = 100, offset: Offset = 0) -> UserListResponse:
        """The users of the caller's tenant, by name; `total` counts all."""
        users, total = await use_cases.list(caller=caller, limit=limit, offset=offset)
        return UserListResponse(users=[UserResponse.of(user, caller.tenant_id) for user in users], total=total)

    @router.endpoint(
        "GET",
        "/users/{user_id}",
        permission=Permission.ADMINISTER,
        summary="Read a user",
        response_model=UserResponse,
        errors=(404,),
    )
    async def read(user_id: UserId, caller: Caller) -> UserResponse:
        """A user of the caller's tenant, with the role held there; passwords are never shown."""
        user = await use_cases.get(tenant_id=caller.tenant_id, user_id=user_id)
        return UserResponse.of(user, caller.tenant_id)


def _add_changing(router: ContractRouter, use_cases: UserUseCases) -> None:
    @router.endpoint(
        "PUT",
        "/users/{user_id}",
        permission=Permission.ADMINISTER,
        summary="Change a user",
        response_model=UserResponse,
        errors=(404, 409),
    )
    async def update(user_id: UserId, body: UpdateUserRequest, caller: Caller) -> UserResponse:
        """Another role or password, or `disabled`, ends the user's sessions in this tenant.

        403 `SHARED_ACCOUNT` for the password or profile of a user who belongs to another tenant too. 409 `LAST_ADMIN`
        when the tenant would be left without an administrator.
        """
        user = await use_cases.update(caller=caller, user_id=user_id, wanted=body.wanted())
        return UserResponse.of(user, caller.tenant_id)

    @router.endpoint(
        "DELETE",
        "/users/{user_id}",
        permission=Permission.ADMINISTER,
        summary="Remove a user",
        response_model=RemovedUserResponse,
        errors=(404, 409),
    )
    async def remove(user_id: UserId, caller: Caller) -> RemovedUserResponse:
        """Takes the user out of the caller's tenant and ends their sessions there; the account goes with its last
        tenant. 409 `LAST_ADMIN` for the last administrator."""
        user = await use_cases.remove(caller=caller, tenant_id=caller.tenant_id, user_id=user_id)
        return RemovedUserResponse(user_id=user_id, tenant_id=caller.tenant_id, account_deleted=not user.tenants)


def _add_own_password(router: ContractRouter, use_cases: UserUseCases) -> None:
    @router.endpoint(
        "POST",
        "/auth/password",
        permission=Permission.ANY_USER,
        summary="Change one's own password",
        response_model=ChangedPasswordResponse,
        errors=(409,),
    )
    async def change_password(
        body: ChangePasswordRequest, caller: Caller, address: ClientAddress
    ) -> ChangedPasswordResponse:
        """Ends the caller's other sessions, in every tenant; this one goes on.

        403 `WRONG_PASSWORD` counts as a failed login: five within five minutes lock the account or address (429).
        """
        await use_cases.change_own_password(
            caller=caller,
            current=body.current_password.get_secret_value(),
            new=body.new_password.get_secret_value(),
            address=address,
        )
        return ChangedPasswordResponse()
