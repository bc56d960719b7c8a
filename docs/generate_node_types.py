"""Writes `docs/guides/node-types.md` from the nodes' docstrings: `.venv/bin/python docs/generate_node_types.py`."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

from robot.nodes import NODE_TYPES, NodeType

PAGE: Final = Path(__file__).parent / "guides" / "node-types.md"

INTRODUCTION: Final = """\
# Node types

<!-- Written by docs/generate_node_types.py from the docstrings. Do not edit: change the node, then run
     `.venv/bin/python docs/generate_node_types.py`. -->

What a robot can do in a workflow; how workflows are built of it is in [the guide to robots](robots.md). Settings stand
in a node's `config`, with `{{variables}}` and `{{secrets.NAME}}` resolved; a wire into the port of the same name wins.
In parentheses: the default. Outputs are ports from which wires lead on. Control leaves by `exec_out` unless other
control ports are named. Words in capitals are the `error_type` of a failure.

Paths are relative to the robot's working directory (`CASARE_ROBOT_WORKDIR`); one that leads out of it, and a hidden
file, is PATH_REFUSED. A setting that is missing or of the wrong kind is INVALID_CONFIG. What is bounded fails with
FILE_ERROR or RESULT_TOO_LARGE.

Every node may have `retry` and `fallbacks`: see [self-healing](robots.md#self-healing).
"""


def page() -> str:
    """The whole page: a section for each module, with its nodes in the order of the code."""
    modules = dict.fromkeys(sys.modules[each.code.__module__] for each in NODE_TYPES)
    return "\n".join([INTRODUCTION, *(_section(module) for module in modules)])


def _section(module: ModuleType) -> str:
    title, *more = inspect.cleandoc(module.__doc__ or "").split("\n\n")
    introduction = "".join(f"{each}\n\n" for each in more)
    nodes = "\n".join(_nodes(module))
    return f"## {title.rstrip('.')}\n\n{introduction}{nodes}"


def _nodes(module: ModuleType) -> Iterator[str]:
    named: dict[object, list[NodeType]] = {}
    for each in NODE_TYPES:
        if each.code.__module__ == module.__name__:
            named.setdefault(each.code, []).append(each)
    for code, types in named.items():
        names = ", ".join(f"`{each.name}`" for each in types)
        ports = ", ".join(f"`{port}`" for port in types[0].exec_outputs) or "none: control ends here"
        control = "" if types[0].exec_outputs == ("exec_out",) else f"\n\nControl ports: {ports}"
        needs = "" if types[0].needs is None else f"\n\nOnly where `{types[0].needs}=true`."
        yield f"### {names}\n\n{inspect.cleandoc(code.__doc__ or '')}{control}{needs}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
