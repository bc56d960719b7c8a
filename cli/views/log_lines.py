"""Lines of a job's log as people read them."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from cli.output import console, printable
from cli.times import moment

_STYLES: Final = {"debug": "dim", "warning": "yellow", "error": "bold red", "critical": "bold red"}
_LEVEL_WIDTH: Final = 8

Line = Mapping[str, Any]


def log_printer(*, on_stderr: bool = False) -> Callable[[Line], None]:
    """What prints a line: its time, level, node and message; the level in its colour on a terminal."""
    from rich.text import Text

    target = console(stderr=on_stderr)
    stream = sys.stderr if on_stderr else sys.stdout

    def show(line: Line) -> None:
        level = printable(line.get("level"))
        text = f"{moment(line.get('timestamp'))} {level.upper():<{_LEVEL_WIDTH}} {_message(line)}"
        if not target.is_terminal:
            print(text, file=stream, flush=True)
            return
        target.print(Text(text, style=_STYLES.get(level, "")), soft_wrap=True)

    return show


def _message(line: Line) -> str:
    node = f"[{printable(line['node_id'])}] " if line.get("node_id") else ""
    return node + printable(line.get("message"))
