"""`casare top`: fleet and queue, live."""

import sys
import time
from typing import Annotated, Final

import typer

from cli.output import Output, OutputFormat, console, print_answer

PAGE_WIDTH: Final = 160


def add_to(app: typer.Typer) -> None:
    """Adds the command to the top level."""
    app.command("top")(top)


def top(
    once: Annotated[bool, typer.Option("--once", help="Print what is now, and end.")] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Watch robots, queue, running jobs and recent events until q or Ctrl-C.

    Where the output is no terminal, or with -o json, what is now is printed once. A server that does not answer is
    waited for: the heading says since when.

    \b
    Examples:
      casare top
      casare top --once -o yaml
    """
    from cli.top.polling import quiet_api, read_once
    from cli.top.snapshot import Snapshot

    is_live = not once and output is OutputFormat.TABLE and sys.stdin.isatty() and sys.stdout.isatty()
    with quiet_api() as (api, url, username):
        snapshot = Snapshot(url, username)
        # Who is not logged in, or names no server, is told so in the usual words.
        read_once(api, snapshot)
        if is_live:
            from cli.top.live import watch

            watch(api, snapshot)
        else:
            print_answer(snapshot.record(), output, lambda _: _print_page(snapshot))


def _print_page(snapshot: object) -> None:
    from cli.top.screen import page
    from cli.top.snapshot import Snapshot

    assert isinstance(snapshot, Snapshot)
    out = console()
    if not out.is_terminal:
        out.width = PAGE_WIDTH
    with out.capture() as captured:
        out.print(page(snapshot, now_ms=time.time_ns() // 1_000_000))
    for line in captured.get().splitlines():
        print(line.rstrip())
