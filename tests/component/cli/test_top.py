"""`casare top` on a terminal and without one."""

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import FakeApi, job, problem
from tests.component.cli.installations import Installation
from tests.support.deployment import ADMIN_PASSWORD

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_ALTERNATE_ON, _ALTERNATE_OFF, _CURSOR_ON = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


class Terminal:
    """A terminal with `casare top` on it."""

    def __init__(self, casare: Casare, width: int, height: int) -> None:
        self._leader, self._follower = os.openpty()
        self.resize(width, height)
        self._before = termios.tcgetattr(self._follower)
        self.output = b""
        self.process = subprocess.Popen(
            casare.command("top"),
            stdin=self._follower,
            stdout=self._follower,
            stderr=self._follower,
            env={**casare.environment(), "TERM": "xterm-256color", "COLUMNS": "80"},
            start_new_session=True,
        )

    def resize(self, width: int, height: int) -> None:
        """The size that programs are told."""
        fcntl.ioctl(self._follower, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def until(self, text: str, *, seconds: float = 20, again: bool = False) -> None:
        """Reads until `text` was shown, with `again`: from now on."""
        start = len(self.output) if again else 0
        deadline = time.monotonic() + seconds
        while text.encode() not in _ESCAPES.sub(b"", self.output[start:]):
            assert time.monotonic() < deadline, f"{text!r} was not shown: {self.output[-3000:]!r}"
            assert self.process.poll() is None, f"it ended before {text!r} was shown: {self.output[-3000:]!r}"
            self._read(0.2)

    def type(self, keys: bytes) -> None:
        """As a person would."""
        os.write(self._leader, keys)

    def ends(self) -> int:
        """Its exit code, once it has ended and its last output was read."""
        deadline = time.monotonic() + 10
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self._read(0.1)
        self._read(0.1)
        return self.process.returncode

    def is_as_before(self) -> bool:
        """Whether the terminal is in the state it was in."""
        assert self.output.rfind(_ALTERNATE_OFF) > self.output.rfind(_ALTERNATE_ON) > -1
        assert self.output.rfind(_CURSOR_ON) > -1
        return termios.tcgetattr(self._follower) == self._before

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._leader)
        os.close(self._follower)

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self._leader], [], [], seconds)
        if ready:
            self.output += os.read(self._leader, 65_536)


@contextmanager
def terminal(casare: Casare, width: int = 80, height: int = 24) -> Iterator[Terminal]:
    opened = Terminal(casare, width, height)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def busy(logged_in: Casare, api: FakeApi) -> Casare:
    """The command, before a server at work."""
    robots = [{"robot_id": f"robot-{n}", "status": "busy", "last_seen_at": "2026-11-20T10:00:00Z"} for n in range(30)]
    api.answers |= {
        "/metrics/fleet": {
            "total_robots": 30,
            "active_robots": 30,
            "idle_robots": 0,
            "busy_robots": 30,
            "offline_robots": 0,
            "active_jobs": 1,
            "queue_depth": 77,
        },
        "/metrics/robots": robots,
        "/jobs": {"jobs": [job("running", progress=42, current_node="check_vat")], "total": 1},
        "/dlq/stats": {"total": 0},
        "/metrics/activity": {"events": [], "total": 12},
    }
    return logged_in


def test_the_view_opens_obeys_keys_and_gives_the_terminal_back(busy: Casare, api: FakeApi) -> None:
    with terminal(busy) as shown:
        shown.until("77 waiting")
        shown.until("check_vat")
        shown.until("sort by: status")
        shown.type(b"s")
        shown.until("sort by: name")
        shown.type(b"\x1b[B\x1b[B")
        shown.type(b"q")
        assert shown.ends() == 0
        assert shown.is_as_before()
    assert api.asked("GET", "/metrics/robots")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_gives_the_terminal_back_too(busy: Casare, number: signal.Signals) -> None:
    with terminal(busy) as shown:
        shown.until("77 waiting")
        shown.process.send_signal(number)
        assert shown.ends() == 0
        assert shown.is_as_before()


def test_new_figures_and_a_new_size_show_by_themselves(busy: Casare, api: FakeApi) -> None:
    with terminal(busy) as shown:
        shown.until("77 waiting")
        api.answers["/metrics/fleet"] = {**api.answers["/metrics/fleet"], "queue_depth": 78}
        shown.until("78 waiting")
        shown.resize(200, 50)
        shown.until("CURRENT JOB")
        shown.type(b"q")
        assert shown.ends() == 0


def test_a_login_that_ends_ends_the_view_with_advice(busy: Casare, api: FakeApi) -> None:
    with terminal(busy) as shown:
        shown.until("77 waiting")
        api.end_all_sessions()
        assert shown.ends() == 3
        assert b"casare login" in shown.output
        assert shown.is_as_before()


def test_too_many_calls_are_waited_for(busy: Casare, api: FakeApi) -> None:
    with terminal(busy) as shown:
        shown.until("77 waiting")
        api.failing["/metrics/fleet"] = [problem(429, "Too many.", headers={"Retry-After": "3"})]
        shown.until("no answer for")
        asked = len(api.asked("GET", "/metrics/fleet"))
        api.answers["/metrics/fleet"] = {**api.answers["/metrics/fleet"], "queue_depth": 79}
        shown.until("79 waiting")
        assert len(api.asked("GET", "/metrics/fleet")) <= asked + 2
        shown.type(b"q")
        assert shown.ends() == 0


@pytest.mark.timeout(100)
def test_a_server_that_restarts_is_waited_for(casare: Casare, installation: Installation) -> None:
    casare.env["CASARE_URL"] = installation.url
    assert casare("login", "--username", "admin", "--password-stdin", stdin=ADMIN_PASSWORD).exit_code == 0
    with terminal(casare) as shown:
        shown.until("as admin")
        shown.until("0 waiting")
        installation.deployment.stop()
        try:
            shown.until("no answer for")
        finally:
            installation.deployment.start()
        shown.until("as admin", again=True)
        shown.type(b"q")
        assert shown.ends() == 0
        assert shown.is_as_before()


def test_without_a_terminal_it_prints_what_is_now(busy: Casare) -> None:
    printed = busy("top")
    assert printed.exit_code == 0, printed.output
    assert "77 waiting" in printed.stdout
    assert "robot-29" in printed.stdout
    assert "\x1b" not in printed.stdout


def test_programs_get_json(busy: Casare) -> None:
    answer = json.loads(busy("top", "-o", "json").stdout)
    assert answer["fleet"]["queue_depth"] == 77
    assert answer["recent"] == {"minutes": 5, "completed": 12, "failed": 12, "timed_out": 12}
    assert answer["running_jobs"][0]["progress"] == 42


def test_who_is_not_logged_in_is_told(casare: Casare) -> None:
    assert casare("top", "--once").exit_code == 3
