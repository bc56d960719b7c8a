"""Sessions that ended before their access tokens did."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.kernel.clock import Clock
from shared.web.credentials import ACCESS_TOKEN_SECONDS, RevokedSession

KEPT_LONGER_MS: Final = 60_000
"""Clocks differ: a revocation is forgotten only well after its tokens expired."""


class RevokedSessions:
    """Learned from events, from auth's list, and from logouts relayed here. Forgotten once no token can be valid."""

    def __init__(self, fetch: Callable[[], Awaitable[Sequence[RevokedSession]]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._until_ms: dict[str, int] = {}
        self._listed = False

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._until_ms

    def add(self, session_id: str, tokens_expire_ms: int | None = None) -> None:
        """Refuse the session's tokens from now on; without a time, for as long as any token lives."""
        if tokens_expire_ms is None:
            tokens_expire_ms = self._clock.now_ms() + ACCESS_TOKEN_SECONDS * 1000
        self._until_ms[session_id] = max(tokens_expire_ms, self._until_ms.get(session_id, 0))

    async def refresh(self) -> None:
        """Add what auth lists, forget what is over. Raises `Unavailable`."""
        for session in await self._fetch():
            self.add(session.session_id, session.tokens_expire_ms)
        self._listed = True
        over_ms = self._clock.now_ms() - KEPT_LONGER_MS
        self._until_ms = {session: until for session, until in self._until_ms.items() if until > over_ms}

    async def need_list(self) -> None:
        """Return once auth's list has been read: before that, nobody knows who logged out. Raises `Unavailable`."""
        if not self._listed:
            await self.refresh()
