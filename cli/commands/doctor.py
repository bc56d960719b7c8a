"""`casare doctor`: look at everything an installation needs."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

import typer

from cli.failures import ExitCode
from cli.output import Output, OutputFormat, note, print_answer, print_table

if TYPE_CHECKING:
    from rich.text import Text

    from cli.doctor.findings import Finding

_TITLES: Final = ("CHECK", "STATE", "FOUND", "WHAT TO DO")
_STYLES: Final = {"ok": "green", "warning": "yellow", "failed": "bold red", "skipped": "dim"}


def add_to(app: typer.Typer) -> None:
    """Adds the command to the top level."""
    app.command("doctor")(doctor)


def doctor(output: Output = OutputFormat.TABLE) -> None:
    """Check configuration, store, broker, Redis, clocks, ports and this machine, and say what to do.

    It looks at what this environment's CASARE_* variables name, and at the data folder of `casare up`, running or not.
    Exit code 1 when something does not work.

    \b
    Examples:
      casare doctor
      casare doctor -o json
    """
    from cli.doctor.checkup import checkup
    from cli.doctor.surroundings import surroundings

    with surroundings() as around:
        findings = asyncio.run(checkup(around))
    counts = Counter(finding.state.value for finding in findings)
    report = {"counts": dict(counts), "findings": [finding.record() for finding in findings]}
    print_answer(report, output, lambda _: print_table(_TITLES, [_row(finding) for finding in findings]))
    if output is OutputFormat.TABLE:
        note(", ".join(f"{counts[state]} {state}" for state in _STYLES if counts[state]))
    if counts["failed"]:
        raise typer.Exit(ExitCode.FAILED)


def _row(finding: "Finding") -> tuple[object, ...]:
    name = finding.area if finding.name == finding.area else f"{finding.area} {finding.name}"
    return name, _state(finding.state.value), finding.detail, _plain(finding.advice)


def _plain(advice: str) -> "Text":
    """Nothing where there is nothing to do."""
    from rich.text import Text

    return Text(advice)


def _state(state: str) -> "Text":
    from rich.text import Text

    return Text(state, style=_STYLES[state])
