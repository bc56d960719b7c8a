"""Remembers what was read for a moment, and reads once for all who ask at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Final, Generic, TypeVar

from shared.kernel.clock import Clock

REMEMBERED_MS: Final = 1_000
MOST_ENTRIES: Final = 1_000

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class BriefMemory(Generic[KeyT, ValueT]):
    """Answers by `read`, at most once per key and second: dashboards that poll cost the store the same as one."""

    def __init__(self, read: Callable[[KeyT], Coroutine[Any, Any, ValueT]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._reads: dict[KeyT, tuple[int, asyncio.Task[ValueT]]] = {}

    async def get(self, key: KeyT) -> ValueT:
        """What `read(key)` returned within the last second, or returns now. A failed read is not remembered."""
        began_ms, task = self._reads.get(key, (0, None))
        if task is None or _is_spent(task, began_ms, self._clock.now_ms()):
            task = self._begin(key)
        # Shielded: one caller who goes away must not take the answer from the others.
        return await asyncio.shield(task)

    def _begin(self, key: KeyT) -> asyncio.Task[ValueT]:
        if len(self._reads) >= MOST_ENTRIES:
            self._forget_spent()
        task = asyncio.create_task(self._read(key))
        task.add_done_callback(_retrieve_error)
        self._reads[key] = (self._clock.now_ms(), task)
        return task

    def _forget_spent(self) -> None:
        now_ms = self._clock.now_ms()
        self._reads = {k: (at, task) for k, (at, task) in self._reads.items() if not _is_spent(task, at, now_ms)}


def _is_spent(task: asyncio.Task[ValueT], began_ms: int, now_ms: int) -> bool:
    """Whether a new caller needs a new read. One under way serves everyone, however long it takes."""
    if not task.done():
        return False
    failed = task.cancelled() or task.exception() is not None
    return failed or not 0 <= now_ms - began_ms < REMEMBERED_MS


def _retrieve_error(task: asyncio.Task[ValueT]) -> None:
    """Its callers have the error; without any left, asyncio would complain that nobody took it."""
    if not task.cancelled():
        task.exception()
