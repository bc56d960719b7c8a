"""A bounded line in front of what is slow: a storm of logins is refused instead of starving everybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from shared.kernel.errors import Unavailable

MAX_WAIT_SECONDS: Final = 5.0


class TooManyLogins(Unavailable):
    """More logins at once than can be checked in time."""

    code = "TOO_MANY_LOGINS"

    def __init__(self) -> None:
        super().__init__("Too many logins at once. Try again.")


class BoundedLine:
    """`WaitingLine`: `at_once` have their turn, at most `max_waiting` wait, none longer than `MAX_WAIT_SECONDS`."""

    def __init__(self, *, at_once: int, max_waiting: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._max_waiting = max_waiting
        self._n_waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        await self._wait()
        try:
            yield
        finally:
            self._turns.release()

    async def _wait(self) -> None:
        if self._turns.locked() and self._n_waiting >= self._max_waiting:
            raise TooManyLogins
        self._n_waiting += 1
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise TooManyLogins from error
        finally:
            self._n_waiting -= 1
