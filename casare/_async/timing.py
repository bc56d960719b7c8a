"""Waiting and taking turns, for tasks of one event loop."""

import asyncio
import math

Lock = asyncio.Lock
sleep = asyncio.sleep


async def take_turn(turn: Lock, within_seconds: float) -> bool:
    """Whether the lock is held now; False when others kept it for so long."""
    try:
        async with asyncio.timeout(None if math.isinf(within_seconds) else within_seconds):
            return await turn.acquire()
    except TimeoutError:
        return False
