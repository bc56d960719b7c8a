"""What commands print: tables for people, JSON or YAML for programs; notes and errors go to stderr.

What servers send is shown with its control characters escaped: a name must not move the cursor or recolour the screen.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

T = TypeVar("T")

_UNLIMITED_WIDTH: Final = 100_000
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CONTROL_BEYOND_ASCII: Final = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_LONGEST_PIECE: Final = 64
"""Wide enough for every id."""
_NOTHING: Final = "-"
_FIGURE: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?( (%|ms|s))?|-")
_STYLES: Final = {
    **dict.fromkeys(("completed", "idle", "active"), "green"),
    **dict.fromkeys(("failed", "timeout", "error", "revoked"), "red"),
    **dict.fromkeys(("running", "claimed", "busy"), "cyan"),
    **dict.fromkeys(("cancelled", "maintenance", "expired"), "yellow"),
    "offline": "dim",
}


class OutputFormat(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="How to print the answer.")]

_plain: ContextVar[bool] = ContextVar("plain", default=False)
"""Whether `--no-color` was given."""


def forbid_colours(forbidden: bool) -> None:
    """What `--no-color` says; `NO_COLOR` forbids them all the same."""
    _plain.set(forbidden)


def print_answer(answer: T, output: OutputFormat, as_table: Callable[[T], None]) -> None:
    """`answer` on stdout in the form asked for. The only place that decides about it; `as_table` is for people."""
    if output is OutputFormat.TABLE:
        as_table(answer)
    else:
        print_for_programs(answer, output)


def print_for_programs(answer: object, output: OutputFormat) -> None:
    """`answer` on stdout as YAML if that was asked for, else as JSON."""
    if output is OutputFormat.YAML:
        print_yaml(answer)
    else:
        print_json(answer)


def print_entry(entry: T, output: OutputFormat, as_line: Callable[[T], None]) -> None:
    """One of a stream of entries, as soon as it is there: a line of JSON, or an entry of a list in YAML."""
    if output is OutputFormat.TABLE:
        as_line(entry)
    elif output is OutputFormat.YAML:
        print_yaml([entry])
    else:
        print(_json_text(entry, indent=None))
    sys.stdout.flush()


def console(*, stderr: bool = False) -> "Console":
    """Where text goes. Colours only on a terminal; elsewhere lines are never broken, so that programs can read them."""
    from rich.console import Console

    no_colour = True if _plain.get() else None
    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False, no_color=no_colour)
    if not made.is_terminal:
        made.width = _UNLIMITED_WIDTH
    return made


def printable(value: object) -> str:
    """`value` as text that does nothing to a terminal but stand there."""
    if value is None or value == "":
        return _NOTHING
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _CONTROL.sub(lambda found: ascii(found.group())[1:-1], text)


def status_text(status: object) -> "Text":
    """A state in its colour."""
    from rich.text import Text

    return Text(printable(status), style=_STYLES.get(str(status), ""))


def print_json(answer: object) -> None:
    """`answer`, as the server sent it, on stdout."""
    print(_json_text(answer, indent=2))


def print_yaml(answer: object) -> None:
    """`answer`, as the server sent it, as YAML on stdout."""
    import yaml

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(answer, Dumper=dumper, allow_unicode=True, sort_keys=False, width=_UNLIMITED_WIDTH)
    # The dumper escapes control characters itself, but lets those pass that turn the direction of writing.
    if _CONTROL_BEYOND_ASCII.search(text):
        text = yaml.dump(answer, Dumper=dumper, sort_keys=False, width=_UNLIMITED_WIDTH)
    print(text, end="")


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]], *, none: str = "") -> None:
    """The rows under their titles on stdout; the note `none` on stderr when there are none."""
    if not rows:
        note(none)
        return
    table = _grid(show_header=True)
    # One line of output is one row.
    lines = [
        [_cell(" ".join(value.splitlines()) if isinstance(value, str) else value) for value in row] for row in rows
    ]
    for number, title in enumerate(titles):
        texts = [line[number].plain for line in lines]
        figures = all(_FIGURE.fullmatch(text) for text in texts)
        # The first column identifies the row: it can be copied only when it stays in one piece.
        whole = number == 0 or figures or not any(" " in text for text in texts)
        table.add_column(
            printable(title) if title else "",
            no_wrap=whole,
            min_width=_narrowest((title, *texts), whole=whole),
            overflow="fold",
            justify="right" if figures else "left",
        )
    for line in lines:
        table.add_row(*line)
    _print(table)


def print_fields(fields: Sequence[tuple[str, object]]) -> None:
    """Names and values, one to a line, aligned, on stdout."""
    grid = _grid(show_header=False)
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields:
        grid.add_row(_cell(name), _cell(value))
    _print(grid)


def note(text: str) -> None:
    """A remark for the person, on stderr."""
    print(printable(text), file=sys.stderr, flush=True)


def fail(message: str, advice: str) -> None:
    """The line that says why the command failed and what to do next, on stderr."""
    if advice and not message.rstrip().endswith((".", "!", "?", ":", "…", ")")):
        message = f"{message}."
    line = " ".join(f"{message} {advice}".split())
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and not _plain.get()
    colour = typer.colors.RED if coloured else None
    typer.secho("error: ", file=sys.stderr, fg=colour, nl=False)
    print(printable(line), file=sys.stderr, flush=True)


def _json_text(answer: object, *, indent: int | None) -> str:
    text = json.dumps(answer, indent=indent, ensure_ascii=False)
    return _CONTROL_BEYOND_ASCII.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _grid(*, show_header: bool) -> "Table":
    from rich.table import Table

    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=show_header, header_style="bold")


def _narrowest(texts: Sequence[str], *, whole: bool) -> int:
    """How narrow a column may become: where its texts may be broken, it is between words."""
    from rich.cells import cell_len

    pieces = texts if whole else [word for text in texts for word in text.split()]
    return min(max(map(cell_len, pieces), default=0), _LONGEST_PIECE)


def _print(table: "Table") -> None:
    out = console()
    gaps = 2 * (len(table.columns) - 1)
    if out.width < gaps + sum(column.min_width or 0 for column in table.columns):
        # The terminal breaks the lines then: all is there, and in one piece when it is copied.
        out.width = _UNLIMITED_WIDTH
    with out.capture() as captured:
        out.print(table, crop=False)
    for line in captured.get().splitlines():
        print(line.rstrip())


def _cell(value: object) -> "Text":
    from rich.text import Text

    return value if isinstance(value, Text) else Text(printable(value))
