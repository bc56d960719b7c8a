"""Finding a request's route: a tree of path segments, built once."""

import re
from collections.abc import Iterable
from typing import Final, Generic, Protocol, TypeVar
from urllib.parse import quote, unquote_to_bytes

from starlette.types import Scope

_PARAMETER: Final = "{}"
_NO_VALUES: Final = frozenset({"", ".", ".."})
_NOT_IN_A_SEGMENT: Final = re.compile(r"[\x00-\x1f\x7f/\\]")


class Matched(Protocol):
    """What is found by its path and method: a route, or a socket."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


MatchedT = TypeVar("MatchedT", bound=Matched)


class _Node(Generic[MatchedT]):
    __slots__ = ("children", "routes")

    def __init__(self) -> None:
        self.children: dict[str, _Node[MatchedT]] = {}
        self.routes: dict[str, MatchedT] = {}


class RouteTable(Generic[MatchedT]):
    """Routes by path and method. A literal segment wins over a parameter: `schedules/upcoming` is no id."""

    def __init__(self, routes: Iterable[MatchedT]) -> None:
        self._root: _Node[MatchedT] = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: MatchedT) -> None:
        node = self._root
        for segment in route.path.removeprefix("/").split("/"):
            key = _PARAMETER if segment.startswith("{") else segment
            node = node.children.setdefault(key, _Node())
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.path}")
        node.routes[route.method] = route

    def methods_at(self, scope: Scope) -> dict[str, MatchedT]:
        """The routes at a request's path by method; empty when there is no such path.

        A path that a service could read otherwise than it is read here (encoded slashes, dot segments, empty ones,
        control characters, broken UTF-8) matches nothing.
        """
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        segments = _decoded_segments(raw_path) if b"%" in raw_path else _plain_segments(scope["path"])
        if segments is None:
            return {}
        node = _find(self._root, segments, 0)
        return {} if node is None else node.routes


def _find(node: _Node[MatchedT], segments: list[str], position: int) -> _Node[MatchedT] | None:
    if position == len(segments):
        return node if node.routes else None
    segment = segments[position]
    literal = node.children.get(segment)
    if literal is not None and segment != _PARAMETER:
        found = _find(literal, segments, position + 1)
        if found is not None:
            return found
    parameter = node.children.get(_PARAMETER)
    if parameter is None or not _is_value(segment):
        return None
    return _find(parameter, segments, position + 1)


def _is_value(segment: str) -> bool:
    """Whether a segment can stand for a parameter."""
    return segment not in _NO_VALUES and not _NOT_IN_A_SEGMENT.search(segment)


def _plain_segments(path: str) -> list[str] | None:
    return path[1:].split("/") if path.startswith("/") else None


def _decoded_segments(raw_path: bytes) -> list[str] | None:
    """Each segment decoded by itself, so that an encoded slash stays inside its segment, where it is refused."""
    if not raw_path.startswith(b"/"):
        return None
    try:
        return [unquote_to_bytes(segment).decode("utf-8") for segment in raw_path[1:].split(b"/")]
    except UnicodeDecodeError:
        return None
