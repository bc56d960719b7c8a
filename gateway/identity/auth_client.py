"""What the gateway asks of auth: its public keys, whether an API key is valid, which sessions ended."""

from typing import Any, TypeVar

import msgspec
from starlette.types import ASGIApp

from gateway.calls import Answer, call
from shared.kernel.errors import Invalid, Unavailable
from shared.kernel.identity import Identity
from shared.web.credentials import (
    INVALID_API_KEY,
    JWKS_PATH,
    REVOCATIONS_PATH,
    VERIFY_API_KEY_PATH,
    ApiKeyProof,
    Revocations,
    VerifiedApiKey,
)
from shared.web.refusals import REFUSALS_PATH, RefusedCalls
from shared.web.tokens import HEADER, InternalTokens

_GATEWAY = Identity(kind="service", subject="gateway", tenant_id="")

ModelT = TypeVar("ModelT")


class JsonWebKeySet(msgspec.Struct, frozen=True):
    """RFC 7517's set of public keys."""

    keys: list[dict[str, Any]]


class _Problem(msgspec.Struct, frozen=True):
    code: str


class AuthClient:
    """Calls auth's internal routes; every method raises `Unavailable` when auth does not answer as it should."""

    def __init__(self, auth: ASGIApp, tokens: InternalTokens) -> None:
        self._auth = auth
        self._tokens = tokens

    async def signing_keys(self) -> JsonWebKeySet:
        """The keys with which access tokens are signed now and were until lately."""
        return _read(await self._call("GET", JWKS_PATH), JsonWebKeySet)

    async def verify_api_key(self, proof: ApiKeyProof) -> VerifiedApiKey | None:
        """The key's owner and bounds; None when it is unknown, expired or revoked, or its secret is another."""
        answer = await self._call("POST", VERIFY_API_KEY_PATH, msgspec.json.encode(proof))
        if answer.status == 401 and _problem_code(answer) == INVALID_API_KEY:
            return None
        return _read(answer, VerifiedApiKey)

    async def revocations(self) -> Revocations:
        """Revoked sessions with a token that could still be valid, and keys revoked lately."""
        return _read(await self._call("GET", REVOCATIONS_PATH), Revocations)

    async def keep_refusals(self, refused: RefusedCalls) -> None:
        """Have them kept in the audit; repeats change nothing. Raises `Invalid` when they cannot be read."""
        answer = await self._call("POST", REFUSALS_PATH, msgspec.json.encode(refused))
        if answer.status == 400:
            raise Invalid("The auth service cannot read the refusals.")
        if answer.status != 200:
            raise Unavailable(f"The auth service is not ready (it answered {answer.status}).")

    async def _call(self, method: str, path: str, body: bytes = b"") -> Answer:
        headers = [(HEADER.encode(), self._tokens.sign(_GATEWAY).encode())]
        return await call(self._auth, method, path, headers=headers, body=body)


def _read(answer: Answer, model: type[ModelT]) -> ModelT:
    if answer.status != 200:
        raise Unavailable(f"The auth service is not ready (it answered {answer.status}).")
    try:
        return msgspec.json.decode(answer.body, type=model)
    except msgspec.MsgspecError as error:
        raise Unavailable("The auth service answered what the gateway cannot read.") from error


def _problem_code(answer: Answer) -> str:
    """401 is also what a gateway with another internal key gets; the code tells."""
    try:
        return msgspec.json.decode(answer.body, type=_Problem).code
    except msgspec.MsgspecError:
        return ""
