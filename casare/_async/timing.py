"""Waiting and taking turns, for tasks of one event loop."""

import asyncio
import math
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

Lock = asyncio.Lock
sleep = asyncio.sleep
_UNDER_WAY: Final[set[asyncio.Task[Any]]] = set()
"""The loop itself would forget them."""


async def take_turn(turn: Lock, within_seconds: float) -> bool:
    """Whether the lock is held now; False when others kept it for so long."""
    try:
        async with asyncio.timeout(None if math.isinf(within_seconds) else within_seconds):
            return await turn.acquire()
    except TimeoutError:
        return False


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. It goes on when whoever waits for it is cancelled."""
    task = asyncio.create_task(work)
    _UNDER_WAY.add(task)
    task.add_done_callback(_UNDER_WAY.discard)
    return await asyncio.shield(task)
