"""Telling a gateway whose API key it was shown."""

from services.auth.domain.api_key import ApiKey, InvalidApiKey, opens
from services.auth.ports import ApiKeys, Tenants
from services.auth.use_cases.record_key_use import RecordKeyUse
from shared.kernel.clock import Clock


class VerifyApiKey:
    """Compares hashes: the secret itself stays at the gateway that received it.

    The keys of a disabled tenant open nothing; gateways, which ask again every few seconds, find out by themselves.
    """

    def __init__(self, *, api_keys: ApiKeys, tenants: Tenants, record_use: RecordKeyUse, clock: Clock) -> None:
        self._api_keys = api_keys
        self._tenants = tenants
        self._record_use = record_use
        self._clock = clock

    async def __call__(self, *, key_id: str, secret_hash: str) -> ApiKey:
        """The active key that `secret_hash` opens. Raises `InvalidApiKey`, alike for every reason."""
        key = await self._api_keys.find(key_id)
        tenant = None if key is None else await self._tenants.get(key.tenant_id)
        now_ms = self._clock.now_ms()
        if not opens(key, secret_hash, now_ms) or key is None or (tenant is not None and tenant.is_disabled):
            raise InvalidApiKey
        self._record_use.note(key, now_ms)
        return key
