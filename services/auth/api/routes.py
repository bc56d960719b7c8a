"""Logging in and out, and who one is."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.auth.api.schemas import LoginRequest, LogoutResponse, MeResponse, RefreshRequest, TokenResponse
from services.auth.use_cases.log_in import LogIn
from services.auth.use_cases.log_out import LogOut
from services.auth.use_cases.refresh_tokens import RefreshTokens
from shared.kernel.identity import Identity
from shared.kernel.permissions import ALL_ROLES, Permission, Role, roles_up_to
from shared.web import Caller, ContractRouter
from shared.web.tokens import CLIENT_HEADER, HEADER


def client_address(request: Request) -> str:
    """Where the request comes from. The gateway's word counts only beside the gateway's token, which is verified."""
    told = request.headers.get(CLIENT_HEADER) if HEADER in request.headers else None
    return told or (request.client.host if request.client else "unknown")


ClientAddress = Annotated[str, Depends(client_address)]


def build_router(*, log_in: LogIn, refresh_tokens: RefreshTokens, log_out: LogOut, dev_mode: bool) -> ContractRouter:
    """`/auth/*`."""
    router = ContractRouter(tag="auth")

    @router.endpoint(
        "POST",
        "/auth/login",
        permission=Permission.PUBLIC,
        summary="Log in",
        response_model=TokenResponse,
        errors=(401,),
    )
    async def login(body: LoginRequest, address: ClientAddress, response: Response) -> TokenResponse:
        """A pair of tokens: the access token for requests, the refresh token for the next pair.

        Five failures within five minutes lock the account or address for fifteen minutes: 429. An unknown user gets
        the answer of a wrong password. `tenant_id` chooses among the user's tenants.
        """
        pair = await log_in(
            username=body.username,
            password=body.password.get_secret_value(),
            tenant_id=body.tenant_id,
            address=address,
        )
        return _uncached(response, pair_response=TokenResponse.of(pair))

    @router.endpoint(
        "POST",
        "/auth/refresh",
        permission=Permission.PUBLIC,
        summary="Change a refresh token for new tokens",
        response_model=TokenResponse,
        errors=(401,),
    )
    async def refresh(body: RefreshRequest, response: Response) -> TokenResponse:
        """A refresh token works once. Showing a spent one ends its session: whoever holds its tokens must log in.

        400 for a token of another type, as an access token; 401 for one that has ended or is not valid.
        """
        pair = await refresh_tokens(refresh_token=body.refresh_token.get_secret_value())
        return _uncached(response, pair_response=TokenResponse.of(pair))

    @router.endpoint(
        "POST", "/auth/logout", permission=Permission.ANY_USER, summary="Log out", response_model=LogoutResponse
    )
    async def logout(caller: Caller) -> LogoutResponse:
        """Revokes the access token and its refresh tokens. Doing it again is no error."""
        await log_out(caller=caller)
        return LogoutResponse()

    @router.endpoint("GET", "/auth/me", permission=Permission.ANY_USER, summary="Who am I", response_model=MeResponse)
    async def me(caller: Caller) -> MeResponse:
        """The authenticated user, with the roles held in the token's tenant."""
        return MeResponse(
            user_id=caller.subject, roles=_all_roles(caller), tenant_id=caller.tenant_id, dev_mode=dev_mode
        )

    return router


def _uncached(response: Response, *, pair_response: TokenResponse) -> TokenResponse:
    """No cache on the way may keep tokens (RFC 6749, 5.1)."""
    response.headers["Cache-Control"] = "no-store"
    return pair_response


def _all_roles(caller: Identity) -> list[Role]:
    return list(roles_up_to(max(caller.roles, key=ALL_ROLES.index))) if caller.roles else []
