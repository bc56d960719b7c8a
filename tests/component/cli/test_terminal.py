"""The command on a terminal."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import JOB_ID, FakeApi, job

SCHEDULED_ID = "sched_01a2065f-4ab7-758b-ab3d-26586c01950b_1795403280"


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


def test_the_option_forbids_colours_wherever_it_stands(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/robots/r"] = {"robot_id": "r", "status": "idle"}

    assert b"\x1b[32m" not in on_a_terminal(logged_in, "robot", "show", "r", "--no-color")
    assert b"\x1b[31m" not in on_a_terminal(logged_in, "--no-color", "job", "show", "nosuch")


def test_levels_of_a_log_have_their_colours(logged_in: Casare, api: FakeApi) -> None:
    line = {"timestamp": "2026-11-20T10:00:00Z", "level": "warning", "message": "low"}
    api.answers[f"/jobs/{JOB_ID}/logs"] = {"logs": [line], "next_cursor": None}

    assert b"\x1b[33m" in on_a_terminal(logged_in, "job", "logs", JOB_ID)


@pytest.mark.parametrize(("typed", "code", "n_deleted"), [(b"y\n", 0, 1), (b"\n", 1, 0), (b"no\n", 1, 0)])
def test_what_is_deleted_is_asked_about(
    logged_in: Casare, api: FakeApi, typed: bytes, code: int, n_deleted: int
) -> None:
    api.answers["/schedules/s"] = {"status": "success"}
    leader, follower = os.openpty()
    with subprocess.Popen(
        logged_in.command("schedule", "delete", "s"),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=logged_in.environment(),
    ) as process:
        os.close(follower)
        shown = b""
        while b"[y/N]" not in shown:
            shown += _read(leader)
        os.write(leader, typed)
        assert process.wait(20) == code
    os.close(leader)
    assert len(api.asked("DELETE", "/schedules/s")) == n_deleted


def test_what_is_large_is_seen_to_be_sent(logged_in: Casare, api: FakeApi, tmp_path: Path) -> None:
    api.answers |= {"/workflows": {"workflows": [], "total": 0}}
    file = tmp_path / "large.json"
    file.write_text(json.dumps({"nodes": {"a": {"text": "x" * 5_000_000}}}))

    shown = on_a_terminal(logged_in, "workflow", "push", str(file))

    assert "━".encode() in shown
    assert b"MB" in shown
    assert b"created" in shown


@pytest.mark.parametrize("columns", ["80", "40"])
def test_a_table_too_wide_for_the_terminal_keeps_its_columns_and_words(
    logged_in: Casare, api: FakeApi, columns: str
) -> None:
    entry = job("completed", job_id=SCHEDULED_ID, workflow_name="Check invoices", robot_id="local-robot", progress=100)
    api.answers["/jobs"] = {"jobs": [entry], "next_cursor": None}

    titles, line = _lines_on_a_terminal(logged_in, "job", "list", columns=columns)

    assert titles.split() == ["JOB", "WORKFLOW", "STATUS", "ROBOT", "PROGRESS", "AGE"]
    assert re.split(" {2,}", line)[:5] == [SCHEDULED_ID, "Check invoices", "completed", "local-robot", "100 %"]


def test_a_table_that_can_be_narrowed_is_broken_between_words(logged_in: Casare, api: FakeApi) -> None:
    entry = job(
        "completed", job_id=JOB_ID, workflow_name="Check all the invoices", robot_id="local-robot", progress=100
    )
    api.answers["/jobs"] = {"jobs": [entry], "next_cursor": None}

    lines = _lines_on_a_terminal(logged_in, "job", "list", columns="92")

    assert max(map(len, lines)) <= 92
    assert [line[38:].split("  ")[0] for line in lines[1:]] == ["Check all the", "invoices"]


def _lines_on_a_terminal(casare: Casare, *words: str, columns: str) -> list[str]:
    """The lines that are shown, without what only changes their looks."""
    shown = on_a_terminal(casare, "--no-color", *words, COLUMNS=columns).decode()
    return re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
