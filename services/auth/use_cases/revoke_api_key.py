"""Ending a robot's API key."""

from typing import Final

import structlog

from services.auth.domain.api_key import ApiKey, ApiKeyNotFound
from services.auth.ports import ApiKeys
from shared.events import wrap
from shared.events.auth import ApiKeyRevoked
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.ids import NewId

MAX_TRIES: Final = 5

_log: Final = structlog.get_logger(__name__)


class RevokeApiKey:
    """Ends a key for good. Doing it again changes nothing and announces nothing."""

    def __init__(self, *, api_keys: ApiKeys, clock: Clock, new_id: NewId) -> None:
        self._api_keys = api_keys
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, tenant_id: str, key_id: str) -> ApiKey:
        """The revoked key. Raises `ApiKeyNotFound`, also for a key of another tenant."""
        for _ in range(MAX_TRIES):
            key = await self._api_keys.get(tenant_id, key_id)
            if key is None:
                raise ApiKeyNotFound(key_id)
            if key.revoked_ms is not None:
                return key
            revoked = await self._try(key)
            if revoked is not None:
                return revoked
        raise Unavailable("The key kept changing while it was being revoked.")

    async def _try(self, key: ApiKey) -> ApiKey | None:
        now_ms = self._clock.now_ms()
        after = key.revoked(now_ms)
        event = wrap(
            ApiKeyRevoked(key_id=key.key_id, robot_id=key.robot_id),
            event_id=self._new_id(),
            subject=key.key_id,
            tenant_id=key.tenant_id,
            version=after.version,
            at_ms=now_ms,
        )
        if not await self._api_keys.change(key, after, event):
            return None
        _log.info("api_key_revoked", key_id=key.key_id)
        return after
