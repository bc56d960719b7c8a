"""What a case hands back, and where it goes: the terminal, `bench/results/`, and the tables in the README."""

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Spread

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results"


@dataclass(frozen=True)
class CaseResult:
    """A case's tables as Markdown, its raw figures, and what makes the run a failed one (empty: nothing)."""

    name: str
    tables: str
    figures: dict[str, Any]
    failures: list[str]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its columns aligned to be read in a terminal as well."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )


def spread(figures: Spread, digits: int = 2) -> str:
    """Return the median with its range: `0.41 (0.39..0.44)`."""
    return f"{figures.median:,.{digits}f} ({figures.low:,.{digits}f}..{figures.high:,.{digits}f})"


def write(result: CaseResult, at: datetime, folder: Path = RESULTS) -> Path:
    """Write `<case>.json` and return its path."""
    folder.mkdir(exist_ok=True)
    document = {"case": result.name, "at": at.isoformat(), "conditions": conditions(at)}
    path = folder / f"{result.name}.json"
    path.write_text(json.dumps(document | {"failures": result.failures} | result.figures, indent=1) + "\n")
    return path


def conditions(at: datetime) -> str:
    """Return when and on how much machine a run was made."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, Python {platform.python_version()}"


def with_tables(readme: str, name: str, tables: str) -> str:
    """Return the README with what stands between the case's markers replaced; raises ValueError without them."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"({re.escape(begin)}).*?({re.escape(end)})", re.DOTALL)
    replaced, count = pattern.subn(lambda marks: f"{marks[1]}\n{tables}\n{marks[2]}", readme)
    if count != 1:
        raise ValueError(f"the README needs one pair of markers {begin} … {end}, it has {count}")
    return replaced


def update_readme(result: CaseResult, at: datetime, readme: Path = FOLDER / "README.md") -> None:
    """Put the run's tables in place of the last ones; raises ValueError when the README has no place."""
    text = f"{conditions(at)}\n\n{result.tables}"
    readme.write_text(with_tables(readme.read_text(), result.name, text))
