"""Work that blocks, away from the event loop, so that heartbeats and leases go on."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from robot.nodes.context import NodeContext

T = TypeVar("T")


async def in_thread(context: NodeContext, work: Callable[[], T]) -> T:
    """Returns what `work` returns. Stopping the job raises JobStopped at once.

    A thread cannot be killed: long work calls `context.run.cancel.check` between its steps, and ends with that.
    """
    return await context.run.cancel.race(asyncio.to_thread(work))
