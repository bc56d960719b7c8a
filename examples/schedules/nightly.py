"""Makes a schedule that runs a workflow every night in a time zone, and prints when it is due next.

    python examples/schedules/nightly.py examples/invoices/workflow.json --at 02:30 --timezone Europe/Zurich

Run again, it finds the schedule it made and changes nothing. Exit code: 0 done, 2 it could not be done.
"""

import argparse
import sys
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import casare
import casare.models


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="Run a workflow every night.")
    parser.add_argument("workflow", help="a workflow's file, or the id of a stored one")
    parser.add_argument("--at", type=time.fromisoformat, default=time(2, 30), help="the time of day, HH:MM")
    parser.add_argument("--timezone", default="Europe/Zurich", help="an IANA name: where it is that time of day")
    parser.add_argument("--name", default="Nightly")
    options = parser.parse_args()
    try:
        with casare.Client() as client:
            schedule = nightly(client, options.workflow, options.name, options.at, options.timezone)
            show(client, schedule)
    except casare.CasareError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


def nightly(client: casare.Client, workflow: str, name: str, at: time, timezone: str) -> casare.models.Schedule:
    """The schedule: the one that is there, or a new one."""
    workflow_id = client.workflows.push(workflow).workflow_id if workflow.endswith(".json") else workflow
    cron = f"{at.minute} {at.hour} * * *"
    for found in client.schedules.list(workflow_id=workflow_id):
        if (found.schedule_name, found.cron_expression, found.timezone) == (name, cron, timezone):
            return found
    # After an outage the night that was missed runs once; a night whose run still goes on is left out.
    return client.schedules.create(
        workflow_id, name, cron, timezone=timezone, misfire_policy="fire_once", overlap_policy="skip"
    )


def show(client: casare.Client, schedule: casare.models.Schedule) -> None:
    """Prints when this and the workflow's other schedules are due."""
    zone = ZoneInfo(schedule.timezone)
    print(f"{schedule.schedule_name} ({schedule.schedule_id}): {schedule.cron_expression} in {schedule.timezone}")
    for due in client.schedules.upcoming(workflow_id=schedule.workflow_id):
        if due.next_run is not None:
            left = due.next_run - datetime.now(UTC)
            hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
            moment = f"{due.next_run.astimezone(zone):%a %d %b %Y %H:%M %Z}"
            print(f"  {moment}  in {hours} h {minutes} min  {due.schedule_name}")


if __name__ == "__main__":
    sys.exit(main())
