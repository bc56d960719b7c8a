"""Robots' API keys, for administrators."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Path, Query, Request, Response

from services.auth.api.api_key_schemas import (
    ApiKeyListResponse,
    ApiKeyResponse,
    CreateApiKeyRequest,
    CreatedApiKeyResponse,
    RevokedApiKeyResponse,
    RotateApiKeyRequest,
    RotatedApiKeyResponse,
    RotationResponse,
)
from services.auth.api.schemas import RobotId
from services.auth.domain.api_key import ApiKeyStatus, KeyFilter
from services.auth.use_cases.create_api_key import CreateApiKey, NewApiKey
from services.auth.use_cases.get_api_key import GetApiKey
from services.auth.use_cases.list_api_keys import ListApiKeys
from services.auth.use_cases.reveal_api_key import RevealApiKey
from services.auth.use_cases.revoke_api_key import RevokeApiKey
from services.auth.use_cases.rotate_api_key import RotateApiKey, Rotation
from shared.kernel.clock import Clock, to_ms
from shared.kernel.ids import new_token
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import REPLAYED_HEADER, IdempotencyKey, IdempotentResponses

ORIGIN_BYTES: Final = 32
_MS_PER_SECOND: Final = 1000

Limit = Annotated[int, Query(ge=1, le=500, description="how many at most")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="how many to skip")]
KeyId = Annotated[str, Path(description="the key's public id: what stands between `crpa_` and its secret")]


@dataclass(frozen=True, slots=True)
class ApiKeyUseCases:
    """What administrators do with keys."""

    create: CreateApiKey
    reveal: RevealApiKey
    rotate: RotateApiKey
    revoke: RevokeApiKey
    list: ListApiKeys
    get: GetApiKey


def build_api_key_router(use_cases: ApiKeyUseCases, *, idempotent: IdempotentResponses, clock: Clock) -> ContractRouter:
    """`/robot-api-keys*` (beyond.md, "Also needed")."""
    router = ContractRouter(tag="robot-api-keys")
    _add_making(router, use_cases, idempotent, clock)
    _add_reading(router, use_cases, clock)

    @router.endpoint(
        "POST",
        "/robot-api-keys/{key_id}/revoke",
        permission=Permission.ADMINISTER,
        summary="Revoke a robot API key",
        response_model=RevokedApiKeyResponse,
        errors=(404,),
    )
    async def revoke(key_id: KeyId, caller: Caller) -> RevokedApiKeyResponse:
        """Ends the key at once and for good. Doing it again is no error."""
        key = await use_cases.revoke(tenant_id=caller.tenant_id, key_id=key_id)
        return RevokedApiKeyResponse(key=ApiKeyResponse.of(key, clock.now_ms()))

    return router


def _add_making(
    router: ContractRouter, use_cases: ApiKeyUseCases, idempotent: IdempotentResponses, clock: Clock
) -> None:
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
            made = await use_cases.create(caller=caller, wanted=_wanted(body), creation_id=creation_id, origin=origin)
            return ApiKeyResponse.of(made, clock.now_ms())

        # Only what is no secret is kept for repeats; the secret follows anew from the caller's own Idempotency-Key.
        answer = await idempotent.run(key, request, caller, store)
        made = ApiKeyResponse.model_validate_json(bytes(answer.body))
        _mark_secret(response, answer)
        text = await use_cases.reveal(caller=caller, key_id=made.id, origin=origin)
        return CreatedApiKeyResponse(api_key=text, key=made)

    @router.endpoint(
        "POST",
        "/robot-api-keys/{key_id}/rotate",
        permission=Permission.ADMINISTER,
        summary="Replace a robot API key",
        response_model=RotatedApiKeyResponse,
        errors=(404, 409),
    )
    async def rotate(
        key_id: KeyId,
        request: Request,
        caller: Caller,
        response: Response,
        body: RotateApiKeyRequest | None = None,
        key: IdempotencyKey = None,
    ) -> RotatedApiKeyResponse:
        """A new key with the old one's name, robot, environment and description, shown in this answer only.

        The old key stays valid beside it for the overlap, and no longer than it would have been. 409 for a key that
        is revoked, expired or has a successor already.
        """
        rotation, origin = _rotation(body or RotateApiKeyRequest()), key or new_token(ORIGIN_BYTES)

        async def replace(creation_id: str) -> RotationResponse:
            rotated = await use_cases.rotate(
                caller=caller, key_id=key_id, rotation=rotation, creation_id=creation_id, origin=origin
            )
            now_ms = clock.now_ms()
            return RotationResponse(
                key=ApiKeyResponse.of(rotated.key, now_ms), previous=ApiKeyResponse.of(rotated.previous, now_ms)
            )

        answer = await idempotent.run(key, request, caller, replace)
        rotated = RotationResponse.model_validate_json(bytes(answer.body))
        _mark_secret(response, answer)
        text = await use_cases.reveal(caller=caller, key_id=rotated.key.id, origin=origin)
        return RotatedApiKeyResponse(api_key=text, key=rotated.key, previous=rotated.previous)


def _add_reading(router: ContractRouter, use_cases: ApiKeyUseCases, clock: Clock) -> None:
    @router.endpoint(
        "GET",
        "/robot-api-keys",
        permission=Permission.ADMINISTER,
        summary="List robot API keys",
        response_model=ApiKeyListResponse,
    )
    async def list_keys(
        caller: Caller,
        limit: Limit = 100,
        offset: Offset = 0,
        robot_id: Annotated[RobotId | None, Query(description="keys bound to this robot")] = None,
        status: Annotated[ApiKeyStatus | None, Query(description="keys in this status now")] = None,
    ) -> ApiKeyListResponse:
        """Newest first; `total` counts all that match."""
        now_ms = clock.now_ms()
        wanted = KeyFilter(now_ms=now_ms, robot_id=robot_id, status=status)
        keys, total = await use_cases.list(caller=caller, wanted=wanted, limit=limit, offset=offset)
        return ApiKeyListResponse(keys=[ApiKeyResponse.of(key, now_ms) for key in keys], total=total)

    @router.endpoint(
        "GET",
        "/robot-api-keys/{key_id}",
        permission=Permission.ADMINISTER,
        summary="Read a robot API key",
        response_model=ApiKeyResponse,
        errors=(404,),
    )
    async def read(key_id: KeyId, caller: Caller) -> ApiKeyResponse:
        """The key without its secret, whatever its status."""
        return ApiKeyResponse.of(await use_cases.get(caller=caller, key_id=key_id), clock.now_ms())


def _mark_secret(response: Response, answer: Response) -> None:
    """The answer shows a secret: no cache may keep it; a repeat says that it is one."""
    if REPLAYED_HEADER in answer.headers:
        response.headers[REPLAYED_HEADER] = answer.headers[REPLAYED_HEADER]
    response.headers["Cache-Control"] = "no-store"


def _wanted(body: CreateApiKeyRequest) -> NewApiKey:
    return NewApiKey(
        name=body.name,
        description=body.description,
        robot_id=body.robot_id,
        environment=body.environment,
        expires_ms=None if body.expires_at is None else to_ms(body.expires_at),
    )


def _rotation(body: RotateApiKeyRequest) -> Rotation:
    return Rotation(
        overlap_ms=body.overlap_seconds * _MS_PER_SECOND,
        expires_ms=None if body.expires_at is None else to_ms(body.expires_at),
    )
