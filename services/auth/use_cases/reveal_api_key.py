"""Showing a new key to whoever created it."""

from services.auth.domain.api_key import ApiKeyNotFound, SecretNotRepeatable
from services.auth.ports import ApiKeys, KeySecrets
from shared.kernel.identity import Identity
from shared.web.credentials import format_api_key, hash_secret


class RevealApiKey:
    """Makes a key's text anew from the `origin` of its creation, which the server does not keep."""

    def __init__(self, *, api_keys: ApiKeys, key_secrets: KeySecrets) -> None:
        self._api_keys = api_keys
        self._key_secrets = key_secrets

    async def __call__(self, *, caller: Identity, key_id: str, origin: str) -> str:
        """The key's text. Raises `ApiKeyNotFound`, or `SecretNotRepeatable` when it would not open anything."""
        key = await self._api_keys.get(caller.tenant_id, key_id)
        if key is None:
            raise ApiKeyNotFound(key_id)
        secret = self._key_secrets.derive(caller.tenant_id, key_id, origin)
        if hash_secret(secret) != key.secret_hash:
            raise SecretNotRepeatable(key_id)
        return format_api_key(key_id, secret)
