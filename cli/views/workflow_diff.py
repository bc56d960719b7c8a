"""A diff of workflows as people read it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cli.output import console, printable
from cli.workflow_diff import Change, WorkflowDiff

MAX_VALUE: Final = 100
_STYLES: Final = {"+": "green", "-": "red", "~": "yellow", "@": "cyan"}


def print_diff(found: WorkflowDiff, before_name: str, after_name: str) -> None:
    """The diff on stdout, in colours on a terminal."""
    lines = [f"--- {before_name}", f"+++ {after_name}", *diff_lines(found)]
    print_lines(lines)


def diff_lines(found: WorkflowDiff) -> Iterator[str]:
    """Its lines: `+` added, `-` removed, `~` changed, under the part that they belong to."""
    yield from _part("nodes", list(_nodes(found)))
    yield from _part("connections", [*_signed("+", found.connections_added), *_signed("-", found.connections_removed)])
    yield from _part("variables", [f"  {_change(change)}" for change in found.variables])
    yield from _part("other", [f"  {_change(change)}" for change in found.other])


def print_lines(lines: Sequence[str]) -> None:
    """Lines of a diff, each in the colour of its sign on a terminal."""
    from rich.text import Text

    target = console()
    for line in lines:
        if target.is_terminal:
            target.print(
                Text(printable(line) if line else "", style=_STYLES.get(line.lstrip()[:1], "")), soft_wrap=True
            )
        else:
            print(printable(line) if line else "")


def _nodes(found: WorkflowDiff) -> Iterator[str]:
    yield from _signed("+", [_named(*node) for node in found.nodes_added.items()])
    yield from _signed("-", [_named(*node) for node in found.nodes_removed.items()])
    for node in found.nodes_changed:
        yield f"  ~ {node.node_id}"
        yield from (f"      {_change(change)}" for change in node.changes)


def _named(node_id: str, kind: str) -> str:
    return f"{node_id} ({kind})" if kind else node_id


def _signed(sign: str, texts: Sequence[str]) -> list[str]:
    return [f"  {sign} {text}" for text in texts]


def _part(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield title
        yield from lines


def _change(change: Change) -> str:
    if not change.was_there:
        return f"+ {change.path}: {_value(change.after)}"
    if not change.is_there:
        return f"- {change.path}: {_value(change.before)}"
    return f"~ {change.path}: {_value(change.before)} → {_value(change.after)}"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
