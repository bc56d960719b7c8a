"""Access tokens: verified once, then remembered until they expire or their session ends."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Literal

import jwt
import msgspec

from gateway.errors import CredentialExpired, CredentialInvalid, CredentialMalformed, CredentialRevoked
from gateway.identity.caller import Caller
from gateway.identity.revocations import RevokedSessions
from gateway.identity.signing_keys import SigningKeys
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.web.credentials import (
    AUDIENCE_ACCESS,
    CLAIM_ROLES,
    CLAIM_SESSION,
    CLAIM_TENANT,
    CLAIM_TYPE,
    SIGNING_ALGORITHM,
    TYPE_ACCESS,
)

REMEMBERED_TOKENS: Final = 20_000
CLOCK_SKEW_SECONDS: Final = 60
"""How far auth's clock may be ahead of this one; nothing is added to a token's end."""
_DIGEST_BYTES: Final = 16
_REQUIRED: Final = ("iss", "aud", "exp", "nbf", "iat", "jti", "sub")


class AccessClaims(msgspec.Struct, frozen=True):
    """What an access token must say, besides issuer and audience."""

    sub: str
    jti: str
    exp: int
    nbf: int
    iat: int
    tenant: str = msgspec.field(name=CLAIM_TENANT)
    roles: tuple[Role, ...] = msgspec.field(name=CLAIM_ROLES)
    session: str = msgspec.field(name=CLAIM_SESSION)
    type: Literal["access"] = msgspec.field(name=CLAIM_TYPE)


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    kid: str
    session_id: str
    expires_ms: int


class AccessTokens:
    """Verifies access tokens: EdDSA only, by our configuration and never by the token's header."""

    def __init__(self, keys: SigningKeys, revoked: RevokedSessions, clock: Clock, *, issuer: str) -> None:
        self._issuer = issuer
        self._keys = keys
        self._revoked = revoked
        self._clock = clock
        self._remembered: dict[bytes, _Verified] = {}

    async def verify(self, token: str) -> Caller:
        """Who holds `token`. Raises the `Unauthenticated` that fits, or `Unavailable` when auth cannot be asked."""
        digest = blake2b(token.encode(), digest_size=_DIGEST_BYTES).digest()
        verified = self._remembered.get(digest)
        if verified is None or verified.kid not in self._keys:
            verified = await self._verify_anew(token)
            self._remember(digest, verified)
        if verified.expires_ms <= self._clock.now_ms():
            self._remembered.pop(digest, None)
            raise CredentialExpired("The access token has expired.")
        if verified.session_id in self._revoked:
            raise CredentialRevoked("The access token has been revoked.")
        return verified.caller

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        if len(self._remembered) >= REMEMBERED_TOKENS:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[digest] = verified

    async def _verify_anew(self, token: str) -> _Verified:
        kid = _kid_of(token)
        key = await self._keys.find(kid)
        if key is None:
            raise CredentialInvalid("The access token was not signed by this installation.")
        claims = _claims_of(token, key, self._issuer)
        latest_start = self._clock.now_ms() // 1000 + CLOCK_SKEW_SECONDS
        if max(claims.nbf, claims.iat) > latest_start:
            raise CredentialInvalid("The access token is not valid yet.")
        await self._revoked.need_list()
        return _Verified(Caller.of(_identity_of(claims), claims.exp * 1000), kid, claims.session, claims.exp * 1000)


def _kid_of(token: str) -> str:
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise CredentialMalformed("The access token is malformed.") from error
    if not isinstance(kid, str):
        raise CredentialMalformed("The access token names no key.")
    return kid


def _claims_of(token: str, key: jwt.PyJWK, issuer: str) -> AccessClaims:
    """The claims of a token whose signature, issuer and audience are right; its times are the caller's to check."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[SIGNING_ALGORITHM],
            audience=AUDIENCE_ACCESS,
            issuer=issuer,
            options={"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        if claims.get(CLAIM_TYPE) != TYPE_ACCESS:
            raise CredentialInvalid("This is not an access token.")
        return msgspec.convert(claims, AccessClaims)
    except (jwt.PyJWTError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise CredentialInvalid("The access token is not valid.") from error


def _identity_of(claims: AccessClaims) -> Identity:
    return Identity(
        kind="user",
        subject=claims.sub,
        tenant_id=claims.tenant,
        roles=claims.roles,
        session_id=claims.session,
        token_id=claims.jti,
        token_expires_ms=claims.exp * 1000,
    )
