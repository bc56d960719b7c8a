"""Replacing a robot's API key without locking the robot out."""

from dataclasses import dataclass
from typing import Final

from services.auth.domain.api_key import ApiKey, ApiKeyNotFound, key_id_of
from services.auth.ports import ApiKeys
from services.auth.use_cases.create_api_key import CreateApiKey, NewApiKey
from services.auth.use_cases.revoke_api_key import RevokeApiKey
from shared.events import CloudEvent, wrap
from shared.events.auth import ApiKeyRotated
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity
from shared.kernel.ids import NewId

OVERLAP_SECONDS: Final = 24 * 3600
MAX_OVERLAP_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Rotation:
    """How long the old key stays valid, and a new expiry where the old one is not to be kept."""

    overlap_ms: int
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Rotated:
    """The successor, and the key it replaces."""

    key: ApiKey
    previous: ApiKey


class RotateApiKey:
    """Gives a key a successor with its name, robot, environment and description (clarifications 7).

    The successor is stored before the old key is touched: dying in between leaves a new key nobody was shown and an
    old one that works. A repeat of the same creation finds both where they were left. Of two rotations at once one
    retires the old key; the other withdraws its successor.
    """

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        create_api_key: CreateApiKey,
        revoke_api_key: RevokeApiKey,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._api_keys = api_keys
        self._create = create_api_key
        self._revoke = revoke_api_key
        self._clock = clock
        self._new_id = new_id

    async def __call__(
        self, *, caller: Identity, key_id: str, rotation: Rotation, creation_id: str, origin: str
    ) -> Rotated:
        """Both keys. Raises `ApiKeyNotFound`, `ApiKeyNotRotatable`, or `Invalid` for an expiry that has passed."""
        old = await self._get(caller.tenant_id, key_id)
        successor_id = key_id_of(creation_id)
        if old.rotated_to == successor_id:  # a repeat
            key = await self._get(caller.tenant_id, successor_id)
        else:
            old.require_rotatable(self._clock.now_ms())
            wanted = _successor_of(old, rotation)
            key = await self._create(caller=caller, wanted=wanted, creation_id=creation_id, origin=origin)
            old = await self._retire(old, key, rotation)
        if rotation.overlap_ms == 0:
            old = await self._revoke(tenant_id=old.tenant_id, key_id=old.key_id)
        return Rotated(key, old)

    async def _get(self, tenant_id: str, key_id: str) -> ApiKey:
        key = await self._api_keys.get(tenant_id, key_id)
        if key is None:
            raise ApiKeyNotFound(key_id)
        return key

    async def _retire(self, old: ApiKey, successor: ApiKey, rotation: Rotation) -> ApiKey:
        now_ms = self._clock.now_ms()
        after = old.rotated(successor.key_id, now_ms, rotation.overlap_ms)
        if await self._api_keys.change(old, after, self._event(after, now_ms)):
            return after
        found = await self._get(old.tenant_id, old.key_id)
        if found.rotated_to == successor.key_id:
            return found
        await self._revoke(tenant_id=successor.tenant_id, key_id=successor.key_id)
        found.require_rotatable(now_ms)
        raise Unavailable("The key changed while it was being rotated. Try again.")

    def _event(self, rotated: ApiKey, now_ms: int) -> CloudEvent:
        data = ApiKeyRotated(
            key_id=rotated.key_id,
            key_name=rotated.name,
            rotated_to=rotated.rotated_to or "",
            valid_until_ms=rotated.expires_ms or now_ms,
            robot_id=rotated.robot_id,
        )
        return wrap(
            data,
            event_id=self._new_id(),
            subject=rotated.key_id,
            tenant_id=rotated.tenant_id,
            version=rotated.version,
            at_ms=now_ms,
        )


def _successor_of(old: ApiKey, rotation: Rotation) -> NewApiKey:
    return NewApiKey(
        name=old.name,
        description=old.description,
        robot_id=old.robot_id,
        environment=old.environment,
        expires_ms=old.expires_ms if rotation.expires_ms is None else rotation.expires_ms,
    )
