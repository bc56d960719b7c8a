"""`casare events`: what no handler could take. For operators: it works on store and broker, not over the API."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.failures import CommandFailed, NotThere, ServerUnavailable, UsageProblem
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table

if TYPE_CHECKING:
    from cli.operating import Operated
    from shared.messaging.parked import ParkedEvent, Selection

ResultT = TypeVar("ResultT")
app = typer.Typer(
    help="Look at events that no handler could take, handle them again, or discard them.", no_args_is_help=True
)

Which = Annotated[str | None, typer.Argument(metavar="[SUBSCRIPTION]", help="Of this subscription only.")]
EventId = Annotated[str | None, typer.Option("--event", metavar="ID", help="Only this event.")]
EventType = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only events of this type.")]
Everything = Annotated[bool, typer.Option("--all", help="All parked events that the other options leave.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many of each subscription at most.")]


@app.command()
def parked(
    subscription: Which = None,
    event_type: EventType = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="How many of each at most.")] = 20,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the parked events of every subscription, the oldest first.

    \b
    Examples:
      casare events parked
      casare events parked metrics.activity --limit 100 -o yaml
    """
    from cli.views.parked import as_record, events_table, queues_table
    from shared.messaging.parked import Selection

    async def read(operated: "Operated") -> list[dict[str, Any]]:
        queues = [each for each in await operated.parked.queues() if subscription in (None, each.subscription)]
        return [
            {
                "queue": each,
                "events": await operated.parked.events(each.subscription, Selection(None, event_type), limit=limit),
            }
            for each in queues
        ]

    found = _run(read)
    if not found and output is OutputFormat.TABLE:
        note("No event is parked.")
        return

    def tables(_: object) -> None:
        queues_table([each["queue"] for each in found])
        print()
        events_table([event for each in found for event in each["events"]])
        note("Why one failed stands in its service's log (event_handler_failed). Next: casare events replay")

    answer = {"subscriptions": [as_record(each["queue"], each["events"]) for each in found]}
    print_answer(answer, output, tables)


@app.command()
def show(
    subscription: Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="The subscription that failed.")],
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The event, from `casare events parked`.")],
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show one parked event with its data.

    \b
    Examples:
      casare events show metrics.activity EVENT_ID
    """
    from cli.views.parked import event_fields, event_record
    from shared.messaging.parked import Selection

    async def read(operated: "Operated") -> "list[ParkedEvent]":
        return await operated.parked.events(subscription, Selection(event_id), limit=1)

    found = _run(read)
    if not found:
        raise NotThere(
            f"{subscription} has no event {event_id} parked.", advice="`casare events parked` lists what there is."
        )
    print_answer(event_record(found[0], with_event=True), output, lambda _: print_fields(event_fields(found[0])))


@app.command()
def replay(
    subscription: Which = None,
    event_id: EventId = None,
    event_type: EventType = None,
    everything: Everything = False,
    limit: Limit = 10_000,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Hand parked events back to the subscription that failed, and to no other. What caused it should be mended first.

    Safe to repeat: handlers apply an event once. What fails again is parked again. Exit code 1 when some did.

    \b
    Examples:
      casare events replay --all
      casare events replay metrics.activity --type job.completed
    """
    selection = _selection(subscription, event_id, event_type, everything)

    async def hand_back(operated: "Operated") -> dict[str, Any]:
        rows = []
        for queue in await operated.parked.queues():
            if subscription in (None, queue.subscription):
                with _progress(queue.subscription, min(queue.count, limit)) as seen:
                    done = await operated.parked.replay(queue.subscription, selection, limit=limit, progress=seen)
                rows.append(
                    {
                        "subscription": queue.subscription,
                        "replayed": done.count,
                        "came_back": list(done.came_back),
                        "waiting": done.waiting,
                    }
                )
        return {"stopped": operated.is_stopped, "subscriptions": rows}

    outcome = _run(hand_back)
    rows = outcome["subscriptions"]
    _require_some(sum(row["replayed"] + row["waiting"] for row in rows), event_id)
    table = [(row["subscription"], row["replayed"], len(row["came_back"]), row["waiting"]) for row in rows]
    titles = ("SUBSCRIPTION", "REPLAYED", "CAME BACK", "WAITING")
    print_answer(outcome, output, lambda _: print_table(titles, table, none="No event is parked."))
    if any(row["waiting"] for row in rows):
        note("Waiting events are handed over by the installation: now when it runs, else at its next start.")
    if any(row["came_back"] for row in rows):
        raise CommandFailed(
            "Some events failed again and are parked again.",
            advice="Mend what makes them fail (see `casare events parked` and the services' logs), or discard them.",
        )


@app.command()
def discard(
    subscription: Which = None,
    event_id: EventId = None,
    event_type: EventType = None,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    limit: Limit = 10_000,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Delete parked events for good: what they say never reaches the subscription.

    \b
    Examples:
      casare events discard metrics.activity --event EVENT_ID
    """
    selection = _selection(subscription, event_id, event_type, everything)
    if not yes:
        _ask(subscription, event_id, event_type)

    async def delete(operated: "Operated") -> list[dict[str, Any]]:
        rows = []
        for queue in await operated.parked.queues():
            if subscription in (None, queue.subscription):
                with _progress(queue.subscription, min(queue.count, limit)) as seen:
                    count = await operated.parked.discard(queue.subscription, selection, limit=limit, progress=seen)
                rows.append({"subscription": queue.subscription, "discarded": count})
        return rows

    rows = _run(delete)
    _require_some(sum(row["discarded"] for row in rows), event_id)
    table = [(row["subscription"], row["discarded"]) for row in rows]
    titles = ("SUBSCRIPTION", "DISCARDED")
    print_answer({"subscriptions": rows}, output, lambda _: print_table(titles, table, none="No event is parked."))


def _selection(subscription: str | None, event_id: str | None, event_type: str | None, everything: bool) -> "Selection":
    from shared.messaging.parked import Selection

    if not (subscription or event_id or event_type or everything):
        raise UsageProblem("Which events?", advice="Name a subscription, --event or --type, or say --all.")
    return Selection(event_id, event_type)


def _ask(subscription: str | None, event_id: str | None, event_type: str | None) -> None:
    if not sys.stdin.isatty():
        raise UsageProblem("Nobody can be asked here.", advice="Say --yes to discard without a question.")
    what = f"event {event_id}" if event_id else f"all parked events{f' of type {event_type}' if event_type else ''}"
    typer.confirm(f"Discard {what}{f' of {subscription}' if subscription else ''} for good?", abort=True, err=True)


def _require_some(n_found: int, event_id: str | None) -> None:
    if event_id is not None and not n_found:
        raise NotThere(f"No event {event_id} is parked there.", advice="`casare events parked` lists what there is.")


def _run(work: "Callable[[Operated], Awaitable[ResultT]]") -> ResultT:
    """What `work` makes of the installation in question; its outages as failures of the command."""
    from cli.operating import operated
    from shared.kernel.errors import Unavailable

    async def run() -> ResultT:
        async with operated() as found:
            note(f"Working on {found.place}.")
            return await work(found)

    try:
        return asyncio.run(run())
    except Unavailable as error:
        raise ServerUnavailable(error.detail, advice="`casare doctor` says what is wrong.") from error


@contextmanager
def _progress(subscription: str, total: int) -> "Iterator[Callable[[int], None]]":
    """A bar over many events, on a terminal; called with how many are done."""
    from rich.progress import Progress

    from cli.output import console

    target = console(stderr=True)
    if not target.is_terminal or total < 2:
        yield lambda _: None
        return
    with Progress(console=target, transient=True) as bar:
        task = bar.add_task(subscription, total=total)
        yield lambda n_done: bar.update(task, completed=n_done)
