"""Ending the keys of a robot that is no more."""

from services.auth.ports import ApiKeys
from services.auth.use_cases.revoke_api_key import RevokeApiKey


class RevokeKeysOfRobot:
    """Without this, whoever kept a deleted robot's key could register the robot anew.

    Each key ends by its own write, so a repeat goes on where an earlier run died. Keys made for a robot of the same
    name after the deletion stay.
    """

    def __init__(self, *, api_keys: ApiKeys, revoke_api_key: RevokeApiKey) -> None:
        self._api_keys = api_keys
        self._revoke = revoke_api_key

    async def __call__(self, *, tenant_id: str, robot_id: str, deleted_ms: int) -> None:
        """Return when no key bound to the robot before `deleted_ms` is valid. Raises `Unavailable`."""
        for key in await self._api_keys.bound_to(tenant_id, robot_id):
            if key.created_ms <= deleted_ms:
                await self._revoke(tenant_id=tenant_id, key_id=key.key_id)
