"""Access tokens and API keys as auth issues them, and an auth service that answers the gateway's questions."""

import asyncio
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.ids import new_id, new_token
from shared.web.credentials import (
    ACCESS_TOKEN_SECONDS,
    AUDIENCE_ACCESS,
    CLAIM_ROLES,
    CLAIM_SESSION,
    CLAIM_TENANT,
    CLAIM_TYPE,
    INVALID_API_KEY,
    ISSUER,
    JWKS_PATH,
    REVOCATIONS_PATH,
    SIGNING_ALGORITHM,
    TYPE_ACCESS,
    VERIFY_API_KEY_PATH,
    ApiKeyProof,
    Revocations,
    RevokedSession,
    VerifiedApiKey,
    format_api_key,
    parse_api_key,
)
from shared.web.refusals import REFUSALS_PATH, RefusedCall, RefusedCalls

_ALGORITHM: Final = jwt.get_algorithm_by_name(SIGNING_ALGORITHM)


class Issuer:
    """Signs access tokens with a key of its own."""

    def __init__(self, clock: Clock, kid: str = "key-1") -> None:
        self._clock = clock
        self.kid = kid
        self.private_key = Ed25519PrivateKey.generate()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """A good access token's claims with `changes`; a change to None leaves the claim out."""
        now_seconds = self._clock.now_ms() // 1000
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE_ACCESS,
            "iat": now_seconds,
            "nbf": now_seconds,
            "exp": now_seconds + ACCESS_TOKEN_SECONDS,
            "jti": new_id(),
            "sub": "ada",
            CLAIM_TENANT: "default",
            CLAIM_ROLES: ["admin"],
            CLAIM_SESSION: "session-1",
            CLAIM_TYPE: TYPE_ACCESS,
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, **changes: Any) -> str:
        """A signed access token, its claims changed as for `claims`."""
        return jwt.encode(
            self.claims(**changes), self.private_key, algorithm=SIGNING_ALGORITHM, headers={"kid": self.kid}
        )

    def public_key(self) -> dict[str, Any]:
        """The JSON Web Key that verifies its tokens."""
        return {
            **_ALGORITHM.to_jwk(self.private_key.public_key(), as_dict=True),
            "kid": self.kid,
            "use": "sig",
            "alg": SIGNING_ALGORITHM,
        }


class FakeAuth:
    """The part of auth that gateways talk to, as an ASGI application; `calls` counts requests by path."""

    def __init__(self, clock: Clock) -> None:
        self.issuer = Issuer(clock)
        self.published = [self.issuer.public_key()]
        self.keys: dict[ApiKeyProof, VerifiedApiKey] = {}
        self.revoked: list[RevokedSession] = []
        self.revoked_keys: list[str] = []
        self.refusals: list[RefusedCall] = []
        self.calls: dict[str, int] = {}
        self.identity_headers: list[str] = []
        self.down = False
        self.refuses_gateway = False
        """As an auth with another internal key does."""
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def new_key(self, **bounds: Any) -> str:
        """The text of a new API key."""
        text = format_api_key(new_token(8), new_token(32))
        proof = parse_api_key(text)
        assert proof is not None
        tenant_id = bounds.pop("tenant_id", "default")
        self.keys[proof] = VerifiedApiKey(key_id=proof.key_id, tenant_id=tenant_id, **bounds)
        return text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        self.calls[path] = self.calls.get(path, 0) + 1
        request = Request(scope, receive)
        self.identity_headers += request.headers.getlist("x-casare-identity")
        body = await request.body()
        await self.may_answer.wait()
        if self.down:
            raise Unavailable("auth is down")
        await self._answer(path, body)(scope, receive, send)

    def _answer(self, path: str, body: bytes) -> Response:
        if self.refuses_gateway:
            return JSONResponse({"code": "UNAUTHENTICATED"}, 401)
        if path == JWKS_PATH:
            return JSONResponse({"keys": self.published})
        if path == REVOCATIONS_PATH:
            return _json(Revocations(self.revoked, self.revoked_keys))
        if path == VERIFY_API_KEY_PATH:
            key = self.keys.get(msgspec.json.decode(body, type=ApiKeyProof))
            return JSONResponse({"code": INVALID_API_KEY}, 401) if key is None else _json(key)
        if path == REFUSALS_PATH:
            self.refusals += msgspec.json.decode(body, type=RefusedCalls).refusals
            return JSONResponse({"recorded": 0})
        return JSONResponse({"message": "Successfully logged out"})


def _json(value: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
