"""Lists that the server hands out page by page, numbered or by cursor (docs/guides/api.md, "Lists")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cli.client.api import Answer, Api

PAGE_SIZE: Final = 500
"""The most that every list answers at once."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What was read of a list. `n_hidden`: how many more there are; None when there are some, nobody says how many."""

    entries: list[Answer]
    n_hidden: int | None


def read_list(
    api: Api, path: str, name: str, params: Mapping[str, str | int | None] | None = None, *, limit: int | None
) -> Listing:
    """The first `limit` entries, all when None, of the list that answers hold under `name`. Raises what `api` raises.

    What changes while several pages are read can be missed or shown twice in lists without a cursor.
    """
    entries: list[Answer] = []
    for page in _pages(api, path, name, params or {}, limit):
        entries.extend(page.get(name, ()))
        if limit is not None and len(entries) >= limit:
            return Listing(entries[:limit], _hidden(page, max(len(entries), limit)))
    return Listing(entries, 0)


def _pages(
    api: Api, path: str, name: str, params: Mapping[str, str | int | None], limit: int | None
) -> Iterator[Answer]:
    n_read = 0
    place: dict[str, str | int] = {}
    while True:
        wanted = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - n_read)
        page = api.get(path, {**params, "limit": wanted, **place})
        yield page
        n_page = len(page.get(name, ()))
        n_read += n_page
        if page.get("next_cursor"):
            place = {"cursor": str(page["next_cursor"])}
        elif n_page and isinstance(page.get("total"), int) and n_read < page["total"]:
            place = {"offset": n_read}
        else:
            return


def _hidden(page: Answer, n_shown: int) -> int | None:
    if page.get("next_cursor"):
        return None
    total = page.get("total")
    return max(0, total - n_shown) if isinstance(total, int) else 0
