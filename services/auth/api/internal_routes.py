"""What gateways ask: public keys, revocations, and whose an API key is."""

from collections.abc import Sequence

from services.auth.api.schemas import (
    JwksResponse,
    RevocationsResponse,
    RevokedSession,
    VerifiedApiKeyResponse,
    VerifyApiKeyRequest,
)
from services.auth.use_cases.list_revocations import ListRevocations
from services.auth.use_cases.verify_api_key import VerifyApiKey
from shared.kernel.permissions import Permission
from shared.web import ContractRouter


def build_internal_router(
    *, verify_api_key: VerifyApiKey, list_revocations: ListRevocations, jwks: Sequence[dict[str, str]]
) -> ContractRouter:
    """`/internal/*`; never relayed to the outside."""
    router = ContractRouter(tag="internal", prefix="/internal")

    @router.endpoint(
        "GET", "/jwks", permission=Permission.PUBLIC, summary="Keys that verify tokens", response_model=JwksResponse
    )
    async def keys() -> JwksResponse:
        """Public halves only, the signing key first; during a change of keys the one before it too."""
        return JwksResponse(keys=list(jwks))

    @router.endpoint(
        "GET",
        "/revocations",
        permission=Permission.INTERNAL,
        summary="What to refuse although it verifies",
        response_model=RevocationsResponse,
    )
    async def revocations() -> RevocationsResponse:
        """Sessions revoked while access tokens of theirs are still about; keys revoked within the last hour."""
        found = await list_revocations()
        sessions = [
            RevokedSession(session_id=session.session_id, tokens_expire_ms=session.access_expires_ms)
            for session in found.sessions
        ]
        return RevocationsResponse(sessions=sessions, api_key_ids=list(found.api_key_ids))

    @router.endpoint(
        "POST",
        "/api-keys/verify",
        permission=Permission.INTERNAL,
        summary="Whose API key is this",
        response_model=VerifiedApiKeyResponse,
    )
    async def verify(body: VerifyApiKeyRequest) -> VerifiedApiKeyResponse:
        """401 with code `INVALID_API_KEY` for a key that is unknown, wrong, expired or revoked."""
        key = await verify_api_key(key_id=body.key_id, secret_hash=body.secret_hash)
        return VerifiedApiKeyResponse(
            key_id=key.key_id,
            tenant_id=key.tenant_id,
            robot_id=key.robot_id,
            environment=key.environment,
            expires_ms=key.expires_ms,
        )

    return router
