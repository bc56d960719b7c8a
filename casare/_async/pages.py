"""Lists, page after page."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, TypeVar

from casare._async.session import AsyncSession
from casare._calls import Value, get

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class CursorPage(Protocol[T_co]):
    """A page that says where the next one begins."""

    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


class NumberedPage(Protocol[T_co]):
    """A page of a list whose length is known."""

    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def total(self) -> int: ...


async def each_by_cursor(
    session: AsyncSession, path: str, page: type[CursorPage[T]], params: Mapping[str, Value]
) -> AsyncIterator[T]:
    """All that match; a page is asked for when its first item is wanted."""
    cursor: str | None = None
    while True:
        found = await session.call(get(path, page, {**params, "cursor": cursor}))
        for item in found.items:
            yield item
        cursor = found.next_cursor
        if cursor is None:
            return


async def each_by_number(
    session: AsyncSession, path: str, page: type[NumberedPage[T]], params: Mapping[str, Value]
) -> AsyncIterator[T]:
    """All that match; what is added or removed meanwhile may move items over the edge of a page."""
    offset = 0
    while True:
        found = await session.call(get(path, page, {**params, "offset": offset}))
        for item in found.items:
            yield item
        offset += len(found.items)
        if offset >= found.total or not found.items:
            return
