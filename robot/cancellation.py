"""Stopping a job from outside: between two nodes, and in the middle of a wait."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


class StopReason(Enum):
    """Why a job is stopped; only SHUTDOWN gives the job back to the queue.

    BRANCH_FAILED stops the other branches of a ParallelNode, never the job itself.
    """

    CANCELLED = "cancelled"
    LEASE_LOST = "lease_lost"
    SHUTDOWN = "shutdown"
    BRANCH_FAILED = "branch_failed"


class JobStopped(BaseException):
    """The job was told to stop; not a failure of its workflow.

    Like asyncio's own CancelledError no `Exception`, so that a node's `except Exception` does not swallow it.
    """

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class CancelScope:
    """What a running job watches. The first reason given stays."""

    def __init__(self) -> None:
        self._stopped = asyncio.Event()
        self._reason: StopReason | None = None
        self._children: set[CancelScope] = set()
        self.is_abandoned = False
        """Whether what goes on regardless is to be left where it is, for the robot leaves."""

    @property
    def reason(self) -> StopReason | None:
        """Returns why the job has to stop, None while it may go on."""
        return self._reason

    def cancel(self, reason: StopReason = StopReason.CANCELLED) -> None:
        """Asks the job to stop, with the scopes inside this one."""
        if self._reason is None:
            self._reason = reason
            self._stopped.set()
            for child in self._children:
                child.cancel(reason)

    def abandon(self) -> None:
        """Leaves what goes on regardless at its next cancellation, in the scopes inside this one, too."""
        self.is_abandoned = True
        for child in self._children:
            child.abandon()

    @contextmanager
    def child(self) -> Iterator["CancelScope"]:
        """Gives a scope that ends with this one, and can be cancelled alone."""
        child = CancelScope()
        if self._reason is not None:
            child.cancel(self._reason)
        self._children.add(child)
        try:
            yield child
        finally:
            self._children.discard(child)

    def check(self) -> None:
        """Raises JobStopped once the scope is cancelled. May be called from any thread."""
        if self._reason is not None:
            raise JobStopped(self._reason)

    async def race(self, work: Coroutine[Any, Any, T]) -> T:
        """Returns what `work` returns; interrupts it and raises JobStopped when the scope is cancelled first."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                self.check()
            return await working
        finally:
            await _end(working, stopping)


async def _end(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
