"""Users' tokens as signed JWTs. Times come from our clock, the algorithm and keys from our configuration."""

from typing import Final

import jwt
import msgspec
from jwt.types import Options

from services.auth.adapters.signing_keys import SigningKeys
from services.auth.domain.session import InvalidRefreshToken, RefreshClaims, Session, TokenPair, WrongTokenType
from shared.kernel.clock import Clock
from shared.kernel.ids import NewId
from shared.kernel.permissions import Role
from shared.web.credentials import (
    AUDIENCE_ACCESS,
    AUDIENCE_REFRESH,
    CLAIM_ROLES,
    CLAIM_SESSION,
    CLAIM_TENANT,
    CLAIM_TYPE,
    SIGNING_ALGORITHM,
    TYPE_ACCESS,
    TYPE_REFRESH,
)

AUDIENCES: Final = {TYPE_ACCESS: AUDIENCE_ACCESS, TYPE_REFRESH: AUDIENCE_REFRESH}
"""Two marks keep the types apart, `typ` and `aud`: whoever forgets to look at one still looks at the other."""

NOT_BEFORE_LEEWAY_SECONDS: Final = 60
"""By how much the clock of the replica that signed may be ahead. Expiry gets no leeway."""

_MS_PER_SECOND: Final = 1000
_CHECKED_HERE: Final[Options] = {
    "require": ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"],
    "verify_aud": False,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token says. Times in seconds since the epoch (RFC 7519)."""

    iss: str
    aud: str
    exp: int
    nbf: int
    iat: int
    jti: str
    sub: str
    type: str = msgspec.field(name=CLAIM_TYPE)
    tenant: str = msgspec.field(name=CLAIM_TENANT)
    session: str = msgspec.field(name=CLAIM_SESSION)
    roles: tuple[Role, ...] = msgspec.field(name=CLAIM_ROLES, default=())


class JwtTokens:
    """`Tokens` as EdDSA-signed JWTs."""

    def __init__(self, keys: SigningKeys, *, issuer: str, clock: Clock, new_id: NewId) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock
        self._new_id = new_id

    def issue(self, session: Session, role: Role) -> TokenPair:
        access = self._claims(session, TYPE_ACCESS, self._new_id(), session.access_expires_ms, (role,))
        refresh = self._claims(session, TYPE_REFRESH, session.refresh_id, session.expires_ms)
        return TokenPair(self._sign(access), self._sign(refresh), expires_in_seconds=access.exp - access.iat)

    def read_refresh(self, token: str) -> RefreshClaims:
        claims = self._genuine(token)
        if claims.type != TYPE_REFRESH or claims.aud != AUDIENCE_REFRESH:
            raise WrongTokenType
        return RefreshClaims(session_id=claims.session, tenant_id=claims.tenant, refresh_id=claims.jti)

    def _claims(
        self, session: Session, kind: str, token_id: str, expires_ms: int, roles: tuple[Role, ...] = ()
    ) -> Claims:
        issued = session.refreshed_ms // _MS_PER_SECOND
        return Claims(
            iss=self._issuer,
            aud=AUDIENCES[kind],
            exp=expires_ms // _MS_PER_SECOND,
            nbf=issued,
            iat=issued,
            jti=token_id,
            sub=session.user_id,
            type=kind,
            tenant=session.tenant_id,
            session=session.session_id,
            roles=roles,
        )

    def _sign(self, claims: Claims) -> str:
        key = self._keys.current
        payload = msgspec.to_builtins(claims)
        return jwt.encode(payload, key.private, algorithm=SIGNING_ALGORITHM, headers={"kid": key.key_id})

    def _genuine(self, token: str) -> Claims:
        """The claims of a token that we signed and that is valid now."""
        try:
            key = self._keys.verifying(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                raise InvalidRefreshToken
            payload = jwt.decode(token, key, [SIGNING_ALGORITHM], _CHECKED_HERE, issuer=self._issuer)
            claims = msgspec.convert(payload, Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, RecursionError) as error:
            raise InvalidRefreshToken from error
        now = self._clock.now_ms() // _MS_PER_SECOND
        if claims.exp <= now or claims.nbf > now + NOT_BEFORE_LEEWAY_SECONDS:
            raise InvalidRefreshToken
        return claims
