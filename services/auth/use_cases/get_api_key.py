"""Reading one of a tenant's keys."""

from services.auth.domain.api_key import ApiKey, ApiKeyNotFound
from services.auth.ports import ApiKeys
from shared.kernel.identity import Identity


class GetApiKey:
    """Answers for administrators; no secret is stored that could be shown."""

    def __init__(self, *, api_keys: ApiKeys) -> None:
        self._api_keys = api_keys

    async def __call__(self, *, caller: Identity, key_id: str) -> ApiKey:
        """The key. Raises `ApiKeyNotFound`, also for a key of another tenant."""
        key = await self._api_keys.get(caller.tenant_id, key_id)
        if key is None:
            raise ApiKeyNotFound(key_id)
        return key
