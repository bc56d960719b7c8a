"""`casare audit`: read the audit, export it, and prove that nobody tampered with it."""

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.client.connect import connect
from cli.commands.options import All, Limit, note_hidden
from cli.failures import CommandFailed
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table
from cli.times import moment, moment_before

if TYPE_CHECKING:
    from cli.client.api import Answer, Api

app = typer.Typer(help="Read and export the audit, verify its hash chain.", no_args_is_help=True)

Installation = Annotated[
    bool, typer.Option("--installation", help="What belongs to no tenant; for admins of the tenant default.")
]


class ExportFormat(StrEnum):
    """How exported entries are written."""

    JSONL = "jsonl"
    CSV = "csv"


_FAULTS: Final = {
    "block-missing": "Block {block} is missing.",
    "block-changed": "Block {block} was changed.",
    "block-unlinked": "Block {block} does not continue the block before it.",
    "entry-missing": "Entry {entry_id} of block {block} is missing.",
    "entry-changed": "Entry {entry_id} of block {block} was changed.",
    "entry-extra": "Entry {entry_id} was not written by the audit; the chain before it ends at block {block}.",
    "head-missing": "The chain, which ends at block {block}, no longer holds the block whose hash was expected: its "
    "end was removed, or it was written anew.",
}
_WHAT_TO_DO: Final = (
    "Keep the store as it is, find out who could write to it, and compare with a backup: what is before that place "
    "verified, nothing after it is proven."
)


@app.command("list")
def list_entries(
    actor: Annotated[str | None, typer.Option("--actor", help="Only what this user or key did.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this action, e.g. job.cancelled.")] = None,
    resource: Annotated[str | None, typer.Option("--resource", help="Only what was done to this id.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="done or refused.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="From then on: 2h, 7d, or a time such as 2027-01-31T09:00:00Z.")
    ] = None,
    limit: Limit = 100,
    everything: All = False,
    installation: Installation = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List who did what, or was refused what, newest first.

    \b
    Examples:
      casare audit list --actor ada --outcome refused
    """
    from cli.client.pages import read_list

    filters = {"actor": actor, "action": action, "resource_id": resource, "outcome": outcome, "since": _since(since)}
    with connect() as api:
        found = read_list(
            api,
            "/audit",
            "entries",
            {**filters, **_of_installation(installation)},
            limit=None if everything else limit,
        )
    print_answer(found.entries, output, _print_entries)
    note_hidden(found.n_hidden)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; - for stdout.")],
    format_: Annotated[
        ExportFormat, typer.Option("--format", help="A JSON object on each line, or a table for spreadsheets.")
    ] = ExportFormat.JSONL,
    since: Annotated[
        str | None, typer.Option("--since", help="From then on: 2h, 7d, or a time such as 2027-01-31T09:00:00Z.")
    ] = None,
    installation: Installation = False,
) -> None:
    """Write all entries to a file, newest first. The file is there as a whole, or not at all.

    \b
    Examples:
      casare audit export audit.jsonl
      casare audit export audit.csv --format csv --since 2027-01-01T00:00:00Z
    """
    from cli.audit_export import write_entries

    with connect() as api:
        n_entries = write_entries(api, file, format_.value, {"since": _since(since), **_of_installation(installation)})
    note(f"{n_entries} entries are written{'' if str(file) == '-' else f' to {file}'}.")


@app.command()
def verify(
    expect_head: Annotated[
        str | None,
        typer.Option("--expect-head", metavar="HASH", help="The head of an earlier verification: must still be there."),
    ] = None,
    installation: Installation = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Recompute every hash of the audit of the tenant one is logged in to; exit code 1 when it was tampered with.

    Keep the head that is printed in a safe place, and expect it next time: only that shows that the newest entries
    were not cut off.

    \b
    Examples:
      casare audit verify
      casare audit verify --expect-head "$(cat head.txt)"
    """
    with connect() as api:
        found = _verify(api, {"expect_head": expect_head, **_of_installation(installation)})
    print_answer(found, output, _print_verified)
    if not found.get("intact"):
        raise CommandFailed(_explained(found.get("broken") or {}), advice=_WHAT_TO_DO)


def _print_verified(found: "Answer") -> None:
    if not found.get("intact"):
        return
    head: dict[str, Any] = found.get("head") or {}
    print_fields(
        [
            ("audit", "intact"),
            ("blocks", found.get("blocks")),
            ("entries", found.get("entries")),
            ("not sealed yet", found.get("unsealed")),
            ("removed as old", f"{found.get('removed_blocks')} blocks"),
            ("head", head.get("hash")),
        ]
    )


def _print_entries(entries: "list[Answer]") -> None:
    titles = ("TIME", "ACTOR", "ACTION", "RESOURCE", "ADDRESS", "OUTCOME")
    print_table(titles, [_row(entry) for entry in entries], none="No entries.")


def _verify(api: "Api", params: dict[str, str | None]) -> "Answer":
    """The verification's end, stretch by stretch."""
    found = api.get("/audit/verify", params)
    while found.get("cursor"):
        note(f"{found.get('entries')} entries in {found.get('blocks')} blocks are intact so far …")
        found = api.get("/audit/verify", {**params, "cursor": str(found["cursor"])})
    return found


def _explained(broken: dict[str, Any]) -> str:
    text = _FAULTS.get(str(broken.get("fault")), "The chain breaks at block {block}.")
    return f"The audit was tampered with. {text.format(block=broken.get('block'), entry_id=broken.get('entry_id'))}"


def _since(text: str | None) -> str | None:
    return None if text is None else moment_before(text, time.time_ns() // 1_000_000, "--since").isoformat()


def _of_installation(asked: bool) -> dict[str, str]:
    return {"installation": "true"} if asked else {}


def _row(entry: dict[str, Any]) -> tuple[object, ...]:
    actor, resource = entry.get("actor") or {}, entry.get("resource") or {}
    status = entry.get("status")
    return (
        moment(entry.get("timestamp")),
        f"{actor.get('kind')} {actor.get('id') or ''}",
        entry.get("action"),
        resource.get("id"),
        entry.get("address"),
        f"{entry.get('outcome')} ({status})" if status else entry.get("outcome"),
    )
