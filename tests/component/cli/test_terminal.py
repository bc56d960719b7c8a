"""The command on a terminal."""

import os
import subprocess

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import JOB_ID, FakeApi, job


def on_a_terminal(casare: Casare, *words: str, **env: str) -> bytes:
    """All that the command shows on a terminal of its own."""
    leader, follower = os.openpty()
    environment = {**casare.environment(), "TERM": "xterm-256color", "COLUMNS": "120", **env}
    process = subprocess.Popen(
        casare.command(*words), stdin=follower, stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    shown = b""
    with process:
        while chunk := _read(leader):
            shown += chunk
    os.close(leader)
    return shown


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 10_000)
    except OSError:  # how Linux says that nobody writes there any more
        return b""


def test_a_watched_job_has_a_bar_and_colours(logged_in: Casare, api: FakeApi) -> None:
    api.states = [job("running", progress=40, current_node="check_vat"), job("completed", progress=100)]

    shown = on_a_terminal(logged_in, "job", "watch", JOB_ID)

    assert "━".encode() in shown
    assert b"check_vat" in shown
    assert b"\x1b[32mcompleted\x1b[0m" in shown


def test_no_color_is_respected(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/robots/r"] = {"robot_id": "r", "status": "idle"}

    assert b"\x1b[32m" in on_a_terminal(logged_in, "robot", "show", "r")
    assert b"\x1b[32m" not in on_a_terminal(logged_in, "robot", "show", "r", NO_COLOR="1")
    assert b"\x1b[31m" in on_a_terminal(logged_in, "job", "show", "nosuch")
    assert b"\x1b[31m" not in on_a_terminal(logged_in, "job", "show", "nosuch", NO_COLOR="1")
