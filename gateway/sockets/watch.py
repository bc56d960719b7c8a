"""Whether those who are connected still may be: their credentials expire and are revoked while they are."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

import structlog

from gateway.identity import Caller, Credential, Identities
from shared.kernel.clock import Clock
from shared.kernel.errors import CasareError, Unauthenticated
from shared.web.periodic import Duty

HEED_EVERY_SECONDS: Final = 2.0
"""How often what was heard of revocations is compared with who is connected: in memory, so often."""
ASK_EVERY_SECONDS: Final = 30.0
"""How often each credential is verified anew, which may ask auth: finds what was not heard of."""
CONCURRENT_QUESTIONS: Final = 16
_MILLISECONDS: Final = 1000

End = Callable[[Unauthenticated], Awaitable[None]]
"""Ends a connection, telling the client why; called once or more."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Watched:
    caller: Caller
    credential: Credential
    end: End


class Watch:
    """Ends connections whose credential is no longer good. While auth is away, what was good stays so."""

    def __init__(self, identities: Identities, clock: Clock) -> None:
        self._identities = identities
        self._clock = clock
        self._watched: set[_Watched] = set()
        self._ending: set[asyncio.Task[None]] = set()

    @contextmanager
    def over(self, caller: Caller, credential: Credential, end: End) -> Iterator[None]:
        """Call `end` when the credential expires or is revoked while the block runs."""
        watched = _Watched(caller, credential, end)
        self._watched.add(watched)
        timer = self._at_expiry(watched)
        try:
            yield
        finally:
            self._watched.discard(watched)
            if timer is not None:
                timer.cancel()

    def duties(self) -> tuple[Duty, ...]:
        """What is done from time to time."""
        return (
            Duty("heed-revocations", HEED_EVERY_SECONDS, self.heed),
            Duty("verify-connected", ASK_EVERY_SECONDS, self.ask),
        )

    async def heed(self) -> None:
        """End those of whose revocation this gateway has heard."""
        for watched in tuple(self._watched):
            reason = self._identities.heard_of(watched.caller.identity)
            if reason is not None:
                self._end(watched, reason)

    async def ask(self) -> None:
        """Verify each credential anew, and end whose is refused."""
        by_credential: dict[Credential, list[_Watched]] = {}
        for watched in self._watched:
            by_credential.setdefault(watched.credential, []).append(watched)
        entries = iter(by_credential.items())
        while few := tuple(islice(entries, CONCURRENT_QUESTIONS)):
            await asyncio.gather(*(self._verify(*entry) for entry in few))

    async def _verify(self, credential: Credential, holders: list[_Watched]) -> None:
        try:
            await self._identities.verify(credential)
        except Unauthenticated as reason:
            for watched in holders:
                self._end(watched, reason)
        except CasareError as error:
            _log.debug("connected_not_verified", reason=error.detail)

    def _at_expiry(self, watched: _Watched) -> asyncio.TimerHandle | None:
        expires_ms = watched.caller.expires_ms
        if expires_ms is None:
            return None
        left_seconds = (expires_ms - self._clock.now_ms()) / _MILLISECONDS
        expired = Unauthenticated("The credential has expired.")
        return asyncio.get_running_loop().call_later(left_seconds, self._end, watched, expired)

    def _end(self, watched: _Watched, reason: Unauthenticated) -> None:
        """Begin to end it: a client that does not read must not hold up the others."""
        if watched in self._watched:
            self._watched.discard(watched)
            task = asyncio.ensure_future(watched.end(reason))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
