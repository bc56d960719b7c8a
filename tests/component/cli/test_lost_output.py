"""What a command does when nothing can be printed, or nobody sees it."""

import subprocess
from pathlib import Path

import pytest

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import FakeApi


def _in_a_shell(casare: Casare, words: str) -> subprocess.CompletedProcess[str]:
    """The command as a shell runs it, with what the shell makes of its streams."""
    line = f'"$@" {words}'
    command = ["/bin/sh", "-c", line, "sh", *casare.command()]
    return subprocess.run(command, env=casare.environment(), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_full_disk_is_said_in_one_line(logged_in: Casare, api: FakeApi, form: str) -> None:
    api.answers["/robots/r"] = {"robot_id": "r", "status": "idle"}

    ended = _in_a_shell(logged_in, f"robot show r -o {form} >/dev/full")

    assert ended.returncode == 1
    assert ended.stderr.startswith("error: Writing failed: No space left on device.")
    assert ended.stderr.count("\n") == 1


def test_a_closed_stdout_is_no_failure(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/robots/r"] = {"robot_id": "r", "status": "idle"}

    ended = _in_a_shell(logged_in, "robot show r >&-")

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_closed_stderr_leaves_the_exit_code(logged_in: Casare) -> None:
    ended = _in_a_shell(logged_in, "job show nosuch 2>&-")

    assert (ended.returncode, ended.stdout) == (4, "")
