"""The audit in a file."""

import csv
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from cli.client.api import Answer, Api
from cli.client.pages import PAGE_SIZE
from cli.failures import UsageProblem
from cli.views.steps import steps

_COLUMNS: Final = (
    "id", "timestamp", "actor_kind", "actor_id", "action", "resource_kind", "resource_id", "address",
    "outcome", "status", "request_id",
)  # fmt: skip
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def write_entries(api: Api, file: Path, form: str, params: Mapping[str, str | None]) -> int:
    """How many entries were written, to stdout when `file` is `-`; a file is replaced when all of them are there.

    Raises UsageProblem when it cannot be written, and what `api` raises.
    """
    if str(file) == "-":
        return _write(api, sys.stdout, form, params)
    try:
        # Made with mode 0600: an audit tells who did what from where.
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
        written = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
                n_entries = _write(api, out, form, params)
            written.replace(file)
        finally:
            written.unlink(missing_ok=True)
    except OSError as error:
        raise UsageProblem(f"Cannot write {file}: {error.strerror}.") from error
    return n_entries


def _write(api: Api, out: TextIO, form: str, params: Mapping[str, str | None]) -> int:
    n_entries = 0
    cursor: str | None = None
    rows = csv.writer(out)
    if form == "csv":
        rows.writerow(_COLUMNS)
    with steps("entries", quiet=True) as shown:
        while True:
            page = api.get("/audit", {**params, "limit": PAGE_SIZE, "cursor": cursor})
            for entry in page.get("entries", ()):
                if form == "csv":
                    rows.writerow(_row(entry))
                else:
                    out.write(json.dumps(entry, ensure_ascii=False) + "\n")
                n_entries += 1
            shown.at(n_entries, n_entries)
            cursor = page.get("next_cursor")
            if not cursor:
                return n_entries


def _row(entry: Answer) -> list[Any]:
    actor, resource = entry.get("actor") or {}, entry.get("resource") or {}
    flat = {
        **entry,
        "actor_kind": actor.get("kind"),
        "actor_id": actor.get("id"),
        "resource_kind": resource.get("kind"),
        "resource_id": resource.get("id"),
    }
    return [_cell(flat.get(name)) for name in _COLUMNS]


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is led by an apostrophe: names come from outside."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
