"""Running a node's own code so that a stopped job reaches it as JobStopped."""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, Generic, TypeVar

from robot.cancellation import CancelScope, JobStopped

T = TypeVar("T")


class Carried(Exception):
    """What a node's code raised that no task and no future may hold: StopIteration, or SystemExit, which would end the
    loop, and with it the robot and all its jobs."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Interruptible(Awaitable[T], Generic[T]):
    """Awaits a coroutine; where the job is stopped, JobStopped is raised once at its `await` instead of CancelledError.

    So `except JobCancelled` and `finally` in it may still wait for what they tidy up, and bound that with
    `asyncio.timeout`, whose own cancellation reaches them as what it is.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T], scope: CancelScope) -> None:
        self._coroutine = coroutine
        self._scope = scope
        self._is_told = False

    def __await__(self) -> Generator[Any, Any, T]:
        raised: BaseException | None = None
        value: Any = None
        try:
            while True:
                waiting = self._coroutine.send(value) if raised is None else self._coroutine.throw(raised)
                raised, value = None, None
                try:
                    value = yield waiting
                except asyncio.CancelledError as cancelled:
                    if self._scope.is_abandoned:
                        raise
                    raised = self._translated(cancelled)
                except BaseException as error:  # noqa: BLE001 (handed on to the coroutine as it is)
                    raised = error
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            with suppress(RuntimeError):  # it does not even end when it is closed
                self._coroutine.close()

    def _translated(self, cancelled: asyncio.CancelledError) -> BaseException:
        if self._scope.reason is None or self._is_told:
            return cancelled
        self._is_told = True
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        return JobStopped(self._scope.reason)


async def interruptible(coroutine: Coroutine[Any, Any, T], scope: CancelScope) -> T:
    """Returns what the coroutine returns. A stopped job interrupts it once, and is waited for until it has ended."""

    async def work() -> T:
        try:
            return await Interruptible(coroutine, scope)
        except SystemExit as error:
            raise Carried(error) from error

    return await scope.race(work())


async def in_own_thread(function: Callable[[], T]) -> T:
    """Returns what the function returns in a thread of its own.

    It cannot be interrupted; the thread does not keep the process from ending, unlike one of asyncio's pool.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]  # None only beside an error, or where T allows it
        else:
            done.set_exception(error)

    def run() -> None:
        try:
            outcome: tuple[T | None, BaseException | None] = context.run(function), None
        except (StopIteration, SystemExit) as error:
            outcome = None, Carried(error)
        except BaseException as error:  # noqa: BLE001 (carried to the thread that waits)
            outcome = None, error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="node", daemon=True).start()
    return await done
