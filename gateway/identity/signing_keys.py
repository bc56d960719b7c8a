"""Auth's public keys, fetched when needed and kept."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import jwt
import structlog

from gateway.identity.auth_client import JsonWebKeySet
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.web.credentials import SIGNING_ALGORITHM

FETCH_AT_MOST_EVERY_MS: Final = 3_000
"""A flood of made-up key ids must not become a flood of requests to auth."""
RETRY_AFTER_FAILURE_MS: Final = 500

_log: Final = structlog.get_logger(__name__)


class SigningKeys:
    """Keys by `kid`. One that is not known is looked for at auth, once for all who ask at the same time."""

    def __init__(self, fetch: Callable[[], Awaitable[JsonWebKeySet]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_ms: int | None = None
        self._failure: Unavailable | None = None
        self._refreshing = asyncio.Lock()

    def __contains__(self, kid: str) -> bool:
        """Whether the key is still published, as far as is known."""
        return kid in self._keys

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key, or None when auth has no such key. Raises `Unavailable` when auth cannot be asked."""
        if kid not in self._keys:
            async with self._refreshing:
                if kid not in self._keys:
                    await self._ask_again()
        return self._keys.get(kid)

    async def _ask_again(self) -> None:
        pause_ms = RETRY_AFTER_FAILURE_MS if self._failure is not None else FETCH_AT_MOST_EVERY_MS
        if self._asked_ms is None or self._clock.now_ms() - self._asked_ms >= pause_ms:
            await self.refresh()
        elif self._failure is not None:
            raise self._failure

    async def refresh(self) -> None:
        """Replace the keys by what auth publishes now. Raises `Unavailable`, keeping the old ones."""
        self._asked_ms = self._clock.now_ms()
        try:
            published = await self._fetch()
        except Unavailable as error:
            self._failure = error
            raise
        self._failure = None
        self._keys = _usable(published)


def _usable(published: JsonWebKeySet) -> dict[str, jwt.PyJWK]:
    """Only keys of the one kind that this configuration verifies with, whatever else is published."""
    keys = {}
    for entry in published.keys:
        kid = entry.get("kid")
        if entry.get("kty") != "OKP" or entry.get("crv") != "Ed25519" or not isinstance(kid, str):
            continue
        try:
            keys[kid] = jwt.PyJWK(entry, algorithm=SIGNING_ALGORITHM)
        except jwt.PyJWTError as error:
            _log.warning("signing_key_unusable", kid=kid, reason=str(error))
    return keys
