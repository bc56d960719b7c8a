"""A run is begun in a process of its own here: this one belongs to a run already."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.children import Children
from tests.support.clearing import registered
from tests.support.eventually import wait_until
from tests.support.leftovers import RUN_DIRECTORY, Process, is_gone, register
from tests.support.processes import ChildProcess
from tests.support.run import ROOT, one_at_a_time, private_folder, run_directory, space_name

CONTROLLER = """
import subprocess, sys
from pathlib import Path
from tests.support.leftovers import Leftover, register
from tests.support.processes import ChildProcess
from tests.support.run import Run

run = Run()
child = ChildProcess(["sleep", "1000"], name="sleep", log=run.directory / "sleep.log").start()
print("begun", run.directory, child.pid, flush=True)
if sys.argv[1] == "wait":
    child.wait(1000)
else:
    run.end()
"""


def begin_run(children: Children, then: str) -> tuple[ChildProcess, Path, psutil.Process]:
    """The controller of a run, the run's folder, and a child process that the run must not leave behind."""
    inherited = {name: value for name, value in os.environ.items() if name != RUN_DIRECTORY}
    controller = children.start([sys.executable, "-c", CONTROLLER, then], name="controller", cwd=ROOT, env=inherited)
    _, folder, pid = controller.wait_for_line("begun").split()
    return controller, Path(folder), psutil.Process(int(pid))


def test_a_run_whose_controller_is_killed_leaves_neither_processes_nor_files(children: Children) -> None:
    controller, folder, child = begin_run(children, "wait")
    assert folder.exists()
    assert not is_gone(child)
    controller.send_signal(signal.SIGKILL)
    wait_until(lambda: is_gone(child), timeout_seconds=10)
    wait_until(lambda: not folder.exists(), timeout_seconds=10)


def test_a_run_ends_only_when_everything_is_cleared_up(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        script = CONTROLLER.replace("run.end()", "run.end(); print('ended', run.directory.exists(), child.is_running)")
        environment = {name: value for name, value in os.environ.items() if name != RUN_DIRECTORY}
        controller = children.start([sys.executable, "-c", script, "end"], name="run", cwd=ROOT, env=environment)
        assert controller.wait(timeout_seconds=30) == 0
        assert controller.output().splitlines()[-1] == "ended False False"


def test_a_leftover_is_noted_until_its_maker_has_removed_it() -> None:
    process = Process.of(os.getppid())
    note = register(process)
    assert process in registered(run_directory())
    note.forget()
    assert process not in registered(run_directory())


def test_a_process_of_the_same_number_but_another_start_is_left_alone() -> None:
    Process(os.getpid(), started=1.0).remove()
    assert psutil.Process(os.getpid()).is_running()


def test_what_workers_share_is_used_by_one_at_a_time(children: Children) -> None:
    wanting = (
        "from tests.support.run import one_at_a_time\n"
        "print('asking', flush=True)\n"
        f"with one_at_a_time({__name__!r}): print('mine')"
    )
    with one_at_a_time(__name__):
        other = children.start([sys.executable, "-c", wanting], name="other", cwd=ROOT)
        other.wait_for_line("asking")
        with pytest.raises(Exception, match="timed out"):
            other.wait(timeout_seconds=0.2)
    assert other.wait(timeout_seconds=10) == 0
    assert other.output().splitlines() == ["asking", "mine"]


def test_folders_are_new_and_the_space_names_this_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    assert private_folder("nx") != private_folder("nx")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw7")
    assert space_name().endswith("-gw7")
    assert "_" not in space_name()
