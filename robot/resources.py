"""What the nodes of one job open and share: connections, database engines, a browser. Closed at the job's end."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Protocol, TypeVar, cast

import structlog

_LOG = structlog.get_logger()
CLOSING_SECONDS = 10.0


class Closable(Protocol):
    """Something that ends with the job."""

    async def close(self) -> None:
        """Gives everything back; does not fail for what is gone already."""


C = TypeVar("C", bound=Closable)


class JobResources:
    """Each is opened when the first node asks for its key; most jobs open none."""

    def __init__(self) -> None:
        self._opened: dict[Hashable, Closable] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def open(self, key: Hashable, make: Callable[[], Awaitable[C]]) -> C:
        """Returns what `key` stands for, made by the first caller; parallel branches wait for it."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._opened:
                self._opened[key] = await make()
            return cast("C", self._opened[key])

    def get(self, key: Hashable) -> Any:
        """Returns what is open under `key`, or None."""
        return self._opened.get(key)

    async def end(self, key: Hashable) -> None:
        """Closes one before the job's end."""
        resource = self._opened.pop(key, None)
        if resource is not None:
            await _close(resource)

    async def close(self) -> None:
        """Closes all, the youngest first; one that fails does not keep the others open."""
        while self._opened:
            _, resource = self._opened.popitem()
            await _close(resource)


async def _close(resource: Closable) -> None:
    try:
        async with asyncio.timeout(CLOSING_SECONDS):
            await resource.close()
    except Exception as error:  # noqa: BLE001 (the job's own outcome must not be lost to the clearing up after it)
        _LOG.warning("resource_not_closed", resource=type(resource).__name__, error=type(error).__name__)
