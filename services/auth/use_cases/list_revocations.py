"""What a gateway must refuse although its signature is right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.auth.domain.session import Session
from services.auth.ports import ApiKeys, Sessions
from shared.kernel.clock import Clock

LEEWAY_MS: Final = 60_000
"""Gateways whose clock is slow still accept tokens that have ended here."""
KEYS_WITHIN_MS: Final = 3600 * 1000
"""Far longer than a gateway remembers that a key was good."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """Revoked sessions with access tokens still about, and keys revoked lately."""

    sessions: Sequence[Session]
    api_key_ids: Sequence[str]


class ListRevocations:
    """For gateways that start, or missed an event."""

    def __init__(self, *, sessions: Sessions, api_keys: ApiKeys, clock: Clock) -> None:
        self._sessions = sessions
        self._api_keys = api_keys
        self._clock = clock

    async def __call__(self) -> Revocations:
        """The revocations of all tenants that matter now."""
        now_ms = self._clock.now_ms()
        return Revocations(
            sessions=await self._sessions.revoked_with_live_tokens(now_ms - LEEWAY_MS),
            api_key_ids=await self._api_keys.revoked_since(now_ms - KEYS_WITHIN_MS),
        )
