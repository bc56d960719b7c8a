"""Listing robots' API keys."""

from collections.abc import Sequence

from services.auth.domain.api_key import ApiKey, KeyFilter
from services.auth.ports import ApiKeys
from shared.kernel.identity import Identity


class ListApiKeys:
    """Shows a tenant's keys, never their secrets."""

    def __init__(self, *, api_keys: ApiKeys) -> None:
        self._api_keys = api_keys

    async def __call__(
        self, *, caller: Identity, wanted: KeyFilter, limit: int, offset: int
    ) -> tuple[Sequence[ApiKey], int]:
        """A page of the caller's tenant's keys, newest first, and how many match in all."""
        return await self._api_keys.page(caller.tenant_id, wanted, limit=limit, offset=offset)
