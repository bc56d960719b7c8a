"""The state of now, for many who ask at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class SharedRead(Generic[ValueT]):
    """Answers everybody by a read that began after they asked: who comes while one is under way shares the next.

    All clients of a process that stopped come back at the same moment, and each begins with the present state. A read
    for each of them would keep the store from everything else.
    """

    def __init__(self, read: Callable[[str], Awaitable[ValueT]]) -> None:
        self._read = read
        self._next: dict[str, asyncio.Task[ValueT]] = {}
        self._under_way: dict[str, asyncio.Task[ValueT]] = {}

    async def of(self, tenant_id: str) -> ValueT:
        """What `read` returns of the tenant from now on; raises what it raises."""
        task = self._next.get(tenant_id)
        if task is None:
            task = self._next[tenant_id] = asyncio.create_task(self._in_turn(tenant_id))
            task.add_done_callback(_take_error)
        # Shielded: one caller who goes away must not take the answer from the others.
        return await asyncio.shield(task)

    async def _in_turn(self, tenant_id: str) -> ValueT:
        before = self._under_way.get(tenant_id)
        if before is not None:
            await asyncio.wait([before])
        self._under_way[tenant_id] = self._next.pop(tenant_id)
        try:
            return await self._read(tenant_id)
        finally:
            del self._under_way[tenant_id]


def _take_error(task: asyncio.Task[ValueT]) -> None:
    """Its callers have the error; without any left, asyncio would complain that nobody took it."""
    if not task.cancelled():
        task.exception()
