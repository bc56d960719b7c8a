"""Waiting until robots hold no job."""

import time
from collections.abc import Callable, Sequence
from typing import Final

import typer

from cli.client.api import Api, segment
from cli.failures import CommandFailed, ExitCode, NotThere, ServerUnavailable
from cli.output import note
from cli.views.steps import steps

_PAUSE_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 60.0


def wait_until_empty(
    api: Api,
    robot_ids: Sequence[str],
    *,
    timeout_seconds: int | None,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Returns once none of the robots holds a job; shows how many are left.

    Raises CommandFailed after `timeout_seconds`, ServerUnavailable when nobody has answered for a minute. Ctrl-C ends
    the wait, not the draining.
    """
    started = last_answer = monotonic()
    most = 0
    try:
        with steps("jobs finished") as shown:
            while True:
                try:
                    held = sum(_held(api, robot_id) for robot_id in robot_ids)
                except ServerUnavailable as error:
                    if monotonic() - last_answer > _PATIENCE_SECONDS:
                        raise
                    shown.trouble(f"{error} Trying again …")
                    sleep(error.retry_after_seconds or _PAUSE_SECONDS)
                    continue
                last_answer = monotonic()
                most = max(most, held)
                shown.at(most - held, most)
                if held == 0:
                    return
                if timeout_seconds is not None and monotonic() - started >= timeout_seconds:
                    raise CommandFailed(
                        f"Still {held} jobs after {timeout_seconds} s; the robots go on draining.",
                        advice="`casare job list --robot ROBOT_ID --status running` shows them.",
                    )
                sleep(_PAUSE_SECONDS * len(robot_ids))
    except KeyboardInterrupt as detached:
        note("Stopped waiting; the robots go on draining.")
        raise typer.Exit(ExitCode.INTERRUPTED) from detached


def _held(api: Api, robot_id: str) -> int:
    """How many jobs the robot holds; one that is gone holds none."""
    try:
        return len(api.get(f"/robots/{segment(robot_id)}").get("current_job_ids") or ())
    except NotThere:
        return 0
