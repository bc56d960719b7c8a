"""Short-lived signed tokens by which a service knows who the gateway has verified.

Signed with `CASARE_INTERNAL_KEY` (HS256, algorithm from here and never from the token's header). Both sides remember
what they signed or verified until shortly before it expires, so that the hot path pays a dictionary look-up.
"""

from typing import Final, TypeVar

import jwt
import msgspec

from shared.kernel.clock import Clock
from shared.kernel.errors import Unauthenticated
from shared.kernel.identity import Identity

HEADER: Final = "x-casare-identity"
CLIENT_HEADER: Final = "x-casare-client"
"""The client's address as the gateway knows it; to be believed only beside a verified identity."""
LIFETIME_MS: Final = 60_000
RENEW_BEFORE_MS: Final = 20_000
LEEWAY_MS: Final = 5_000
REMEMBERED: Final = 10_000
_ALGORITHM: Final = "HS256"
_AUDIENCE: Final = "casare-services"

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class InternalTokens:
    """Signs and verifies identities between processes that share the internal key."""

    def __init__(self, key: str, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._signed: dict[Identity, tuple[str, int]] = {}
        self._verified: dict[str, tuple[Identity, int]] = {}

    def sign(self, identity: Identity) -> str:
        """A token for `identity`, valid for at least `RENEW_BEFORE_MS`."""
        now_ms = self._clock.now_ms()
        token, expires_ms = self._signed.get(identity, ("", 0))
        if expires_ms - RENEW_BEFORE_MS > now_ms:
            return token
        expires_ms = now_ms + LIFETIME_MS
        claims = {"aud": _AUDIENCE, "exp_ms": expires_ms, "identity": msgspec.to_builtins(identity)}
        token = jwt.encode(claims, self._key, algorithm=_ALGORITHM)
        _remember(self._signed, identity, (token, expires_ms))
        return token

    def verify(self, token: str) -> Identity:
        """The identity in `token`; raises `Unauthenticated` when it is forged, foreign or expired."""
        now_ms = self._clock.now_ms()
        identity, expires_ms = self._verified.get(token, (None, 0))
        if identity is None:
            identity, expires_ms = self._decode(token)
            _remember(self._verified, token, (identity, expires_ms))
        if expires_ms + LEEWAY_MS < now_ms:
            raise Unauthenticated("The internal token has expired.")
        return identity

    def _decode(self, token: str) -> tuple[Identity, int]:
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM], audience=_AUDIENCE)
            return msgspec.convert(claims["identity"], Identity), int(claims["exp_ms"])
        except (jwt.PyJWTError, msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            raise Unauthenticated("The internal token is not valid.") from error


def _remember(memory: dict[KeyT, ValueT], key: KeyT, value: ValueT) -> None:
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[key] = value
