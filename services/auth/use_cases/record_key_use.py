"""Remembering when a key was last used, off its bearer's path."""

from typing import Final

from services.auth.domain.api_key import ApiKey
from services.auth.ports import ApiKeys
from shared.kernel.errors import Unavailable

WRITE_EVERY_MS: Final = 60_000
MAX_NOTED: Final = 10_000
"""Beyond this many keys between two flushes, uses are not noted: best effort in bounded memory."""


class RecordKeyUse:
    """Notes uses in memory; `flush` stores them. A crash loses at most the notes since the last flush."""

    def __init__(self, *, api_keys: ApiKeys) -> None:
        self._api_keys = api_keys
        self._noted: dict[str, tuple[ApiKey, int]] = {}

    def note(self, key: ApiKey, at_ms: int) -> None:
        """Remember that `key` was used at `at_ms`, unless a use within the last minute is stored already."""
        is_known = key.key_id in self._noted
        if at_ms - key.last_used_ms >= WRITE_EVERY_MS and (is_known or len(self._noted) < MAX_NOTED):
            self._noted[key.key_id] = (key, at_ms)

    async def flush(self) -> None:
        """Store what was noted. Raises `Unavailable`; what was not stored is kept for the next time."""
        noted, self._noted = self._noted, {}
        try:
            await self._api_keys.note_uses(list(noted.values()))
        except Unavailable:
            self._noted = {**noted, **self._noted}
            raise
