"""Child processes of tests: their output kept in a file, their start waited for, their end certain."""

import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self
from weakref import WeakSet

import httpx
import psutil

from tests.support.eventually import wait_until
from tests.support.leftovers import Note, Process, kill_all, register

START_SECONDS: Final = 30.0
GRACE_SECONDS: Final = 10.0
_TAIL_LINES: Final = 40

_started: WeakSet["ChildProcess"] = WeakSet()


class ProcessFailed(Exception):
    """A child process ended too early or did not become ready; its last output is part of the message."""


class ChildProcess:
    """One command. It may be started again after it ended; its output goes on in the same file.

    All calls block: in an async test use `await asyncio.to_thread(child.terminate)`.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        name: str,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.command = [str(word) for word in command]
        self.name = name
        self.log = log
        self._env = env
        self._cwd = cwd
        self._popen: subprocess.Popen[bytes] | None = None
        self._family: set[psutil.Process] = set()
        self._notes: list[Note] = []
        self._output_begins = 0

    def start(self) -> Self:
        """Starts it, in a session of its own so that a Ctrl-C for the tests is not one for it."""
        assert not self.is_running, f"{self.name} runs already"
        with self.log.open("ab") as output:
            self._output_begins = output.tell()
            self._popen = subprocess.Popen(
                self.command,
                env=self._env,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._notes.append(register(Process.of(self._popen.pid)))
        except BaseException:  # the run has ended under us: nobody else would end this
            self.kill_hard()
            raise
        _started.add(self)
        return self

    @property
    def pid(self) -> int:
        assert self._popen is not None, f"{self.name} was not started"
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def output(self) -> str:
        """All it has written since it was last started."""
        return self.log.read_bytes()[self._output_begins :].decode(errors="replace")

    def tail(self, lines: int = _TAIL_LINES) -> str:
        """The end of what it has written."""
        return "\n".join(self.output().splitlines()[-lines:])

    def wrote_after(self, epoch_seconds: float) -> bool:
        """Whether its last output is younger than that."""
        return self.log.exists() and self.log.stat().st_mtime >= epoch_seconds

    def descendants(self) -> list[psutil.Process]:
        """The processes it started, and those they started."""
        return psutil.Process(self.pid).children(recursive=True) if self.is_running else []

    def wait_until_ready(self, is_ready: Callable[[], object], timeout_seconds: float = START_SECONDS) -> Self:
        """Returns once `is_ready`. Raises ProcessFailed if it ends before or is not ready in time."""
        try:
            wait_until(lambda: self._still_runs() and is_ready(), timeout_seconds=timeout_seconds)
        except AssertionError as late:
            raise ProcessFailed(f"{self.name} is not ready: {late}\n{self.tail()}") from late
        return self

    def wait_for_line(self, pattern: str, timeout_seconds: float = START_SECONDS) -> str:
        """The first line of its output that contains the regular expression. Raises as `wait_until_ready`."""
        self.wait_until_ready(lambda: _line_with(pattern, self.output()), timeout_seconds)
        line = _line_with(pattern, self.output())
        assert line is not None
        return line

    def wait_for_http(self, url: str, timeout_seconds: float = START_SECONDS) -> Self:
        """Returns once GET `url` succeeds (2xx). Raises as `wait_until_ready`."""
        return self.wait_until_ready(lambda: _succeeds(url), timeout_seconds)

    def wait(self, timeout_seconds: float) -> int:
        """Its exit code (-N: ended by signal N). Raises subprocess.TimeoutExpired."""
        assert self._popen is not None, f"{self.name} was not started"
        return self._popen.wait(timeout_seconds)

    def send_signal(self, number: signal.Signals) -> None:
        """A signal to it alone, such as SIGINT for Ctrl-C, SIGSTOP and SIGCONT to freeze and thaw it."""
        assert self._popen is not None, f"{self.name} was not started"
        self._remember_descendants()
        self._popen.send_signal(number)

    def kill_hard(self, *, with_descendants: bool = False) -> None:
        """`kill -9`. What it started lives on, as after a crash, until `terminate` or the end of the test."""
        if self.is_running:
            self.send_signal(signal.SIGKILL)
            self.wait(GRACE_SECONDS)
        if with_descendants:
            self._end_family()

    def terminate(self, grace_seconds: float = GRACE_SECONDS) -> int | None:
        """Its exit code after SIGTERM, or SIGKILL when it has not ended `grace_seconds` later; None if never started.

        Whatever it started and left is killed too.
        """
        if self._popen is None:
            return None
        if self.is_running:
            self.send_signal(signal.SIGTERM)
            try:
                self.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                self.kill_hard()
        self._end_family()
        return self._popen.returncode

    def _remember_descendants(self) -> None:
        """While it runs they can be found; once it has ended they are nobody's children."""
        for process in set(self.descendants()) - self._family:
            self._family.add(process)
            self._notes.append(register(Process(process.pid, process.create_time())))

    def _end_family(self) -> None:
        kill_all(self._family)
        self._family.clear()
        for note in self._notes:
            note.forget()
        self._notes.clear()

    def _still_runs(self) -> bool:
        if self.is_running:
            return True
        raise ProcessFailed(f"{self.name} ended with {self._popen and self._popen.returncode}\n{self.tail()}")


def last_outputs(since_seconds: float) -> list[tuple[str, str]]:
    """Name and end of output of each child process that runs or has written since then (epoch seconds)."""
    return [(child.name, child.tail()) for child in _started if child.is_running or child.wrote_after(since_seconds)]


def _line_with(pattern: str, output: str) -> str | None:
    return next((line for line in output.splitlines() if re.search(pattern, line)), None)


def _succeeds(url: str) -> bool:
    try:
        # Without certificates to load, a request costs a millisecond instead of thirty: this is asked many times.
        return httpx.get(url, timeout=5, trust_env=False, verify=False).is_success
    except httpx.TransportError:
        return False
