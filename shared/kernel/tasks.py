"""Ending background tasks."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

ASK_AGAIN_SECONDS: Final = 0.2


async def end_tasks(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel `tasks` and return when all have ended.

    Code that waits for a driver may turn a cancellation into an error of its own and go on; so it is asked again
    until it ends.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN_SECONDS)
