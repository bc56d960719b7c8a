"""Keeping the event loop free, and ending background tasks."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final, ParamSpec, TypeVar

ASK_AGAIN_SECONDS: Final = 0.2
FINISH_SECONDS: Final = 6.0
"""What a step under way gets to finish: more than one operation of the store may take."""
LARGE_BYTES: Final = 256 * 1024
"""Of input whose parsing, hashing or packing others would notice; below it a thread costs more than it spares."""

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


async def off_loop(n_bytes: int, work: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
    """The result of `work` on an input of `n_bytes`, which runs in a thread when the input is large."""
    if n_bytes < LARGE_BYTES:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Return after `seconds`, or at once when `stop` is set."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def finish_tasks(tasks: Iterable["asyncio.Task[Any]"], stop: asyncio.Event) -> None:
    """Set `stop`, let `tasks` finish the step they are in, and cancel only those that do not.

    Cancelling a call of the store's driver can leave one of its locks taken for good, which then holds up the end of
    the process.
    """
    stop.set()
    running = {task for task in tasks if not task.done()}
    if running:
        await asyncio.wait(running, timeout=FINISH_SECONDS)
    await end_tasks(running)


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
