"""Robots' API keys, for administrators."""

from typing import Annotated, Final

from fastapi import Query, Request, Response

from services.auth.api.schemas import (
    ApiKeyListResponse,
    ApiKeyResponse,
    CreateApiKeyRequest,
    CreatedApiKeyResponse,
    RevokedApiKeyResponse,
    RobotId,
)
from services.auth.use_cases.create_api_key import CreateApiKey, NewApiKey
from services.auth.use_cases.list_api_keys import ListApiKeys
from services.auth.use_cases.reveal_api_key import RevealApiKey
from services.auth.use_cases.revoke_api_key import RevokeApiKey
from shared.kernel.clock import Clock, to_ms
from shared.kernel.ids import new_token
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import REPLAYED_HEADER, IdempotencyKey, IdempotentResponses

ORIGIN_BYTES: Final = 32

Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


def build_api_key_router(
    *,
    create_api_key: CreateApiKey,
    reveal_api_key: RevealApiKey,
    list_api_keys: ListApiKeys,
    revoke_api_key: RevokeApiKey,
    idempotent: IdempotentResponses,
    clock: Clock,
) -> ContractRouter:
    """`/robot-api-keys*` (beyond.md, "Also needed")."""
    router = ContractRouter(tag="robot-api-keys")

    @router.endpoint(
        "POST",
        "/robot-api-keys",
        permission=Permission.ADMINISTER,
        summary="Create a robot API key",
        response_model=CreatedApiKeyResponse,
        errors=(409,),
    )
    async def create(
        body: CreateApiKeyRequest, request: Request, caller: Caller, response: Response, key: IdempotencyKey = None
    ) -> CreatedApiKeyResponse:
        """The key is shown in this answer only; the server keeps a hash of it."""
        origin = key or new_token(ORIGIN_BYTES)

        async def store(creation_id: str) -> ApiKeyResponse:
            wanted = _wanted(body)
            made = await create_api_key(caller=caller, wanted=wanted, creation_id=creation_id, origin=origin)
            return ApiKeyResponse.of(made, clock.now_ms())

        # Only what is no secret is kept for repeats; the secret follows anew from the caller's own Idempotency-Key.
        answer = await idempotent.run(key, request, caller, store)
        made = ApiKeyResponse.model_validate_json(bytes(answer.body))
        text = await reveal_api_key(caller=caller, key_id=made.id, origin=origin)
        if REPLAYED_HEADER in answer.headers:
            response.headers[REPLAYED_HEADER] = answer.headers[REPLAYED_HEADER]
        response.headers["Cache-Control"] = "no-store"
        return CreatedApiKeyResponse(api_key=text, key=made)

    @router.endpoint(
        "GET",
        "/robot-api-keys",
        permission=Permission.ADMINISTER,
        summary="List robot API keys",
        response_model=ApiKeyListResponse,
    )
    async def list_keys(
        caller: Caller, limit: Limit = 100, offset: Offset = 0, robot_id: Annotated[RobotId | None, Query()] = None
    ) -> ApiKeyListResponse:
        """Newest first; `total` counts all that match."""
        keys, total = await list_api_keys(caller=caller, robot_id=robot_id, limit=limit, offset=offset)
        now_ms = clock.now_ms()
        return ApiKeyListResponse(keys=[ApiKeyResponse.of(key, now_ms) for key in keys], total=total)

    @router.endpoint(
        "POST",
        "/robot-api-keys/{key_id}/revoke",
        permission=Permission.ADMINISTER,
        summary="Revoke a robot API key",
        response_model=RevokedApiKeyResponse,
        errors=(404,),
    )
    async def revoke(key_id: str, caller: Caller) -> RevokedApiKeyResponse:
        """Ends the key at once and for good. Doing it again is no error."""
        key = await revoke_api_key(caller=caller, key_id=key_id)
        return RevokedApiKeyResponse(key=ApiKeyResponse.of(key, clock.now_ms()))

    return router


def _wanted(body: CreateApiKeyRequest) -> NewApiKey:
    return NewApiKey(
        name=body.name,
        description=body.description,
        robot_id=body.robot_id,
        environment=body.environment,
        expires_ms=None if body.expires_at is None else to_ms(body.expires_at),
    )
