"""A job's outputs: single values first, then each larger one as a table where it has that shape, else as JSON."""

import json
from collections.abc import Mapping
from typing import Any, Final

from cli.output import console, note, print_fields, print_table, printable
from cli.views.records import as_records

MAX_ROWS: Final = 40
MAX_LINES: Final = 40
_ABOUT_THE_RUN: Final = frozenset({"node_execution", "node_execution_omitted", "self_healing"})
_FOR_ALL: Final = "`-o json` prints all"


def print_outputs(job: Mapping[str, Any]) -> None:
    """What the workflow handed back, on stdout; nothing when it handed nothing back."""
    result = job.get("result")
    outputs = _outputs_in(result) if isinstance(result, dict) else None
    if not isinstance(outputs, dict) or not outputs:
        return
    single = [(str(name), value) for name, value in outputs.items() if not isinstance(value, dict | list)]
    if single:
        print()
        print_fields(single)
    for name, value in outputs.items():
        if isinstance(value, dict | list):
            _print_large(str(name), value)


def _outputs_in(result: dict[str, Any]) -> object:
    return result.get("outputs", {name: value for name, value in result.items() if name not in _ABOUT_THE_RUN})


def _print_large(name: str, value: object) -> None:
    out = console()
    out.print()
    out.print(printable(name), style="bold", end="\n" if value else " ")
    if not value:
        out.print("(empty)")
        return
    records = as_records(value)
    if records is None:
        _print_json(value)
        return
    print_table(records.titles, records.rows[:MAX_ROWS])
    if (hidden := len(records.rows) - MAX_ROWS) > 0:
        note(f"… and {hidden} more rows; {_FOR_ALL}")


def _print_json(value: object) -> None:
    lines = json.dumps(value, indent=2, ensure_ascii=False).splitlines()
    for line in lines[:MAX_LINES]:
        print(printable(line))
    if (hidden := len(lines) - MAX_LINES) > 0:
        note(f"… and {hidden} more lines; {_FOR_ALL}")
