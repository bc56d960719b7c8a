"""Writes `docs/node-types.md` from the table of node types: `.venv/bin/python docs/generate_node_types.py`."""

import inspect
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from robot.nodes import NODE_TYPES, NodeType
from robot.nodes.table import EXEC_OUT

PAGE: Final = Path(__file__).with_name("node-types.md")

INTRODUCTION: Final = """\
# Node types

<!-- Written by docs/generate_node_types.py from the docstrings in robot/nodes/. Do not edit: change the docstring, then
     run `.venv/bin/python docs/generate_node_types.py`. -->

What the reference robot can execute; how workflows are built of it is in [the guide to robots](guides/robots.md).

- A node's settings are its `config`, with `{{variable}}` and `{{secrets.NAME}}` resolved; a wire into the port of the
  same name wins. Numbers in brackets are defaults.
- Control enters by `exec_in` and leaves by `exec_out`, unless other control ports are named.
- Every node may have `retry` {max_attempts, delay_seconds, backoff, max_delay_seconds, on: [error types]} and
  `fallbacks` {setting: [other values]}: see [self-healing](guides/robots.md#self-healing).
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_sections()])


def _sections() -> Iterator[str]:
    every = [each for each in NODE_TYPES if each.name == (each.main_name or each.name)]
    modules = list(dict.fromkeys(each.code.__module__ for each in every))
    every.sort(key=lambda each: modules.index(each.code.__module__))
    for module, types in groupby(every, key=lambda each: each.code.__module__):
        about = inspect.cleandoc(sys.modules[module].__doc__ or "")
        yield f"## {module.rsplit('.', 1)[-1].replace('_', ' ').capitalize()}\n\n{about}\n"
        yield from (_entry(each) for each in types)


def _entry(node_type: NodeType) -> str:
    lines = [f"### `{node_type.name}`", "", inspect.cleandoc(node_type.code.__doc__ or "")]
    others = [each.name for each in NODE_TYPES if each.main_name == node_type.name and each.name != node_type.name]
    facts = []
    if node_type.exec_outputs != (EXEC_OUT,):
        facts.append(f"Control leaves by {', '.join(f'`{port}`' for port in node_type.exec_outputs) or 'no port'}.")
    if others:
        facts.append(f"Also called {', '.join(f'`{name}`' for name in others)}.")
    if node_type.needs is not None:
        facts.append(f"Only where `{node_type.needs}=true`.")
    if facts:
        lines += ["", " ".join(facts)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
