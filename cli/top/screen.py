"""The view: heading, robots, running jobs, recent events, in any size from 80 by 24 up; smaller ones lose rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.output import printable, status_text
from cli.times import age, duration, moment
from cli.top.ordering import ordered
from cli.top.snapshot import Snapshot
from shared.kernel.clock import iso_utc

WIDE: Final = 140
"""From here on, robots stand beside jobs and events."""
_HEAD_LINES: Final = 3
_TITLE_LINES: Final = 2
_FEWEST_ROWS: Final = 1
_NARROW_BAR: Final = 10


@dataclass
class Look:
    """What the person chose."""

    order: str = "status"
    first_robot: int = 0


def screen(snapshot: Snapshot, look: Look, *, width: int, height: int, now_ms: int) -> Layout:
    """Everything, in exactly `height` lines."""
    body = max(height - _HEAD_LINES - 1, 3 * _TITLE_LINES)
    root = Layout()
    root.split_column(
        Layout(Group(*heading(snapshot, now_ms)), size=_HEAD_LINES),
        Layout(name="body"),
        Layout(_footer(look), size=1),
    )
    if width >= WIDE:
        left, right = Layout(name="robots"), Layout(name="right")
        root["body"].split_row(left, right)
        upper = body // 2
        left.update(robots_table(snapshot, look, rows=body - _TITLE_LINES, now_ms=now_ms, is_wide=True))
        right.split_column(
            Layout(jobs_table(snapshot, rows=upper - _TITLE_LINES, now_ms=now_ms, is_wide=True), size=upper),
            Layout(events_table(snapshot, rows=body - upper - _TITLE_LINES)),
        )
        return root
    robots_lines, jobs_lines = max(body * 4 // 10, 3), max(body * 3 // 10, 3)
    events_lines = body - robots_lines - jobs_lines
    root["body"].split_column(
        Layout(robots_table(snapshot, look, rows=robots_lines - _TITLE_LINES, now_ms=now_ms), size=robots_lines),
        Layout(jobs_table(snapshot, rows=jobs_lines - _TITLE_LINES, now_ms=now_ms), size=jobs_lines),
        Layout(events_table(snapshot, rows=events_lines - _TITLE_LINES)),
    )
    return root


def page(snapshot: Snapshot, *, now_ms: int) -> Group:
    """Everything, however long, for one print."""
    return Group(
        *heading(snapshot, now_ms),
        Text(),
        robots_table(snapshot, Look(), rows=500, now_ms=now_ms, is_wide=True),
        Text(),
        jobs_table(snapshot, rows=100, now_ms=now_ms, is_wide=True),
        Text(),
        events_table(snapshot, rows=20),
    )


def heading(snapshot: Snapshot, now_ms: int) -> Sequence[Text]:
    """Where, when, the fleet in a line, the jobs in a line."""
    return (_where(snapshot, now_ms), _fleet(snapshot), _recent(snapshot))


def _where(snapshot: Snapshot, now_ms: int) -> Text:
    line = _line(("casare top ", "bold"), (printable(snapshot.url), ""))
    if snapshot.trouble_since_ms is not None:
        seconds = max(0, now_ms - snapshot.trouble_since_ms) // 1000
        since = moment(iso_utc(snapshot.trouble_since_ms))
        # First how long: that must not be cut off.
        line.append(f"  no answer for {seconds} s (since {since}): {printable(snapshot.trouble)}", style="bold red")
    else:
        who = f" as {printable(snapshot.username)}" if snapshot.username else ""
        line.append(f"{who}  {moment(iso_utc(now_ms))}", style="dim")
    return line


def _fleet(snapshot: Snapshot) -> Text:
    fleet = snapshot.figures("fleet")
    waiting = fleet.get("queue_depth")
    return _line(
        ("robots ", "dim"),
        (f"{_figure(fleet, 'total_robots')} ", "bold"),
        (f"({_figure(fleet, 'idle_robots')} idle, ", ""),
        (f"{_figure(fleet, 'busy_robots')} busy, ", "cyan"),
        (f"{_figure(fleet, 'offline_robots')} offline)", ""),
        ("  jobs ", "dim"),
        (f"{_figure(fleet, 'active_jobs')} at work, ", "cyan"),
        (f"{printable(waiting)} waiting", "bold yellow" if isinstance(waiting, int) and waiting else ""),
    )


def _recent(snapshot: Snapshot) -> Text:
    recent, dead = snapshot.figures("recent"), snapshot.figures("dead_letters")
    minutes, completed = recent.get("minutes"), recent.get("completed")
    line = _line((f"last {printable(minutes)} min ", "dim"), (f"{printable(completed)} completed", "green"))
    failures = [recent.get("failed"), recent.get("timed_out")]
    counted = [count for count in failures if isinstance(count, int)]
    if isinstance(completed, int) and isinstance(minutes, int) and len(counted) == len(failures):
        failed = sum(counted)
        share = f" ({100 * failed / (completed + failed):.1f} %)" if completed + failed else ""
        line.append(f" ({completed / minutes:.1f} a minute), ")
        line.append(f"{failed} failed{share}", style="red" if failed else "")
    n_dead = dead.get("total")
    line.append("  dead letters ", style="dim")
    line.append(printable(n_dead), style="bold red" if isinstance(n_dead, int) and n_dead else "")
    return line


def _footer(look: Look) -> Text:
    return _line(
        *(("q", "bold"), (" quit  ", "dim"), ("↑ ↓", "bold"), (" robots  ", "dim")),
        *(("s", "bold"), (f" sort by: {look.order}", "dim")),
    )


def robots_table(snapshot: Snapshot, look: Look, *, rows: int, now_ms: int, is_wide: bool = False) -> RenderableType:
    """The robots from the chosen one on."""
    robots = ordered(snapshot.objects("robots"), look.order)
    rows = max(rows, _FEWEST_ROWS)
    look.first_robot = max(0, min(look.first_robot, len(robots) - rows))
    shown = robots[look.first_robot : look.first_robot + rows]
    titles = ["ROBOT", "STATUS", "JOBS", "CPU %", "MEM MB", "DONE", "FAILED", "SEEN"]
    if is_wide:
        titles += ["ENVIRONMENT", "CURRENT JOB"]
    table = _table(titles, figures={"JOBS", "CPU %", "MEM MB", "DONE", "FAILED", "SEEN"})
    for robot in shown:
        cells = [
            _text(robot.get("robot_id")),
            status_text(robot.get("status")),
            *(_text(_short(robot.get(name))) for name in ("active_jobs", "cpu_percent", "memory_mb")),
            *(_text(robot.get(name)) for name in ("jobs_completed_today", "jobs_failed_today")),
            _text(age(robot.get("last_seen_at"), now_ms)),
        ]
        table.add_row(*cells, *((_text(robot.get(name)) for name in ("environment", "current_job")) if is_wide else ()))
    return Group(_title("Robots", look.first_robot, len(shown), len(robots)), table)


def jobs_table(snapshot: Snapshot, *, rows: int, now_ms: int, is_wide: bool = False) -> RenderableType:
    """Running jobs with their bars, the longest first."""
    jobs = sorted(snapshot.objects("running_jobs", "jobs"), key=lambda job: str(job.get("started_at")))
    shown = jobs[: max(rows, _FEWEST_ROWS)]
    table = _table(["JOB", "WORKFLOW", "PROGRESS", "", "FOR", "ROBOT", "NODE"], figures={"FOR", ""})
    for job in shown:
        percent = job.get("progress") if isinstance(job.get("progress"), int | float) else 0
        job_id = str(job.get("job_id"))
        table.add_row(
            _text(job_id if is_wide else job_id[-12:]),
            _text(job.get("workflow_name")),
            ProgressBar(total=100, completed=max(0, min(100, percent or 0)), width=_NARROW_BAR * (2 if is_wide else 1)),
            _text(f"{percent:.0f} %"),
            _text(_running_for(job, now_ms)),
            _text(job.get("robot_id")),
            _text(job.get("current_node")),
        )
    total = snapshot.figures("running_jobs").get("total")
    return Group(_title("Running jobs", 0, len(shown), total if isinstance(total, int) else len(jobs)), table)


def events_table(snapshot: Snapshot, *, rows: int) -> RenderableType:
    """What happened last, newest first."""
    events = snapshot.objects("activity", "events")
    shown = events[: max(rows, _FEWEST_ROWS)]
    table = _table(["TIME", "EVENT", "WHAT"], figures=set())
    for event in shown:
        data = event.get("data")
        data = data if isinstance(data, dict) else {}
        told = [data.get(name) for name in ("workflow_name", "robot_id", "job_id", "error_type", "status")]
        what = " · ".join(str(value) for value in told if value)
        table.add_row(_text((moment(event.get("timestamp")) or "")[11:19]), _text(event.get("event_type")), _text(what))
    return Group(_title("Recent events", 0, len(shown), len(events)), table)


def _title(name: str, first: int, n_shown: int, total: int) -> Text:
    part = f" {first + 1}-{first + n_shown} of {total}" if n_shown < total else f" {total}"
    return _line((name, "bold reverse"), (part, "dim"))


def _table(titles: Sequence[str], figures: set[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", expand=True)
    for number, title in enumerate(titles):
        last = number == len(titles) - 1
        table.add_column(
            title,
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if title in figures else "left",
            ratio=1 if last and title not in figures else None,
        )
    return table


def _running_for(job: dict[str, Any], now_ms: int) -> str | None:
    from datetime import datetime

    started = job.get("started_at") or job.get("claimed_at")
    try:
        at_ms = int(datetime.fromisoformat(str(started)).timestamp() * 1000)
    except ValueError:
        return None
    return duration(max(0, now_ms - at_ms) // 1000 * 1000)


def _short(value: object) -> object:
    return f"{value:.0f}" if isinstance(value, float) else value


def _figure(figures: dict[str, Any], name: str) -> str:
    return printable(figures.get(name))


def _text(value: object) -> Text:
    return Text(" ".join(printable(value).split()), no_wrap=True, overflow="ellipsis")


def _line(*parts: tuple[str, str]) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    for text, style in parts:
        line.append(text, style=style or None)
    return line
