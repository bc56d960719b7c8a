import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.children import Children
from tests.support.eventually import wait_until
from tests.support.leftovers import is_gone
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import ChildProcess, ProcessFailed, last_outputs

SLEEP = "import time; time.sleep(1000)"
IGNORE_SIGTERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
START_ANOTHER = (
    "import subprocess, sys;"
    f"other = subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True);"
    f"print('started', other.pid, flush=True); {SLEEP}"
)

Script = Callable[[str], ChildProcess]


@pytest.fixture
def run_script(children: Children) -> Script:
    return lambda source: children.start([sys.executable, "-c", source], name="script")


def pid_in(line: str) -> psutil.Process:
    (pid,) = re.findall(r"\d+", line)
    return psutil.Process(int(pid))


def test_it_waits_for_the_line_that_says_ready(run_script: Script) -> None:
    child = run_script(f"print('starting'); print('ready on port 7', flush=True); {SLEEP}")
    assert child.wait_for_line(r"ready on port \d") == "ready on port 7"
    assert child.is_running


def test_it_waits_for_an_address_to_answer(children: Children, tmp_path: Path) -> None:
    port = free_port()
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        "--bind",
        LOOPBACK,
        "--directory",
        tmp_path,
    ]
    child = children.start(command, name="web")
    child.wait_for_http(f"http://{LOOPBACK}:{port}/")
    assert child.terminate() == -signal.SIGTERM


def test_one_that_ends_instead_of_getting_ready_is_reported_at_once_with_its_output(run_script: Script) -> None:
    child = run_script("raise SystemExit('no licence')")
    with pytest.raises(ProcessFailed, match=r"script ended with 1\nno licence"):
        child.wait_for_line("ready", timeout_seconds=60)


def test_one_that_does_not_get_ready_is_reported_with_its_output(run_script: Script) -> None:
    child = run_script(f"print('still thinking', flush=True); {SLEEP}")
    child.wait_for_line("thinking")
    with pytest.raises(ProcessFailed, match=r"not ready: not within 0\.05 s.*\nstill thinking"):
        child.wait_for_line("ready", timeout_seconds=0.05)


def test_one_that_ignores_sigterm_is_killed(run_script: Script) -> None:
    child = run_script(IGNORE_SIGTERM)
    child.wait_for_line("deaf")
    assert child.terminate(grace_seconds=0.05) == -signal.SIGKILL


def test_kill_hard_leaves_what_it_started_and_terminate_ends_that_too(run_script: Script) -> None:
    child = run_script(START_ANOTHER)
    other = pid_in(child.wait_for_line("started"))
    assert child.descendants() == [other]
    child.kill_hard()
    assert not child.is_running
    assert not is_gone(other)
    assert child.terminate() == -signal.SIGKILL
    assert is_gone(other)


def test_a_frozen_process_can_be_thawed_and_ended(run_script: Script) -> None:
    child = run_script(SLEEP)
    child.send_signal(signal.SIGSTOP)
    frozen = psutil.Process(child.pid)
    wait_until(lambda: frozen.status() == psutil.STATUS_STOPPED)
    child.send_signal(signal.SIGCONT)
    wait_until(lambda: frozen.status() == psutil.STATUS_SLEEPING)
    assert child.terminate() == -signal.SIGTERM


def test_started_again_it_shows_only_the_new_output(run_script: Script) -> None:
    child = run_script("print('once')")
    assert child.wait(timeout_seconds=10) == 0
    assert child.output() == "once\n"
    child.start()
    assert child.wait(timeout_seconds=10) == 0
    assert child.output() == "once\n"
    assert child.log.read_text() == "once\nonce\n"


def test_all_children_end_with_their_test(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        first = children.start([sys.executable, "-c", SLEEP], name="first")
        second = children.start([sys.executable, "-c", SLEEP], name="second")
    assert not first.is_running
    assert not second.is_running


def test_two_children_of_one_name_are_refused(children: Children) -> None:
    children.start([sys.executable, "-c", "pass"], name="same")
    with pytest.raises(AssertionError, match="named same"):
        children.start([sys.executable, "-c", "pass"], name="same")


def test_the_report_of_a_failure_can_show_what_was_written_last(run_script: Script) -> None:
    child = run_script("print(*range(100), sep='\\n')")
    child.wait(timeout_seconds=10)
    written = child.log.stat().st_mtime
    assert ("script", "\n".join(map(str, range(60, 100)))) in last_outputs(since_seconds=written)
    assert "script" not in dict(last_outputs(since_seconds=written + 1))
