"""The view on a terminal until somebody leaves it."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from rich.console import ConsoleDimensions
from rich.live import Live

from cli.output import console
from cli.top.keyboard import Key, keyboard
from cli.top.ordering import next_order
from cli.top.polling import Polling
from cli.top.screen import Look, screen
from cli.top.snapshot import Snapshot

if TYPE_CHECKING:
    from cli.client.api import Api

REFRESH_SECONDS: Final = 1.0
FASTEST_SECONDS: Final = 0.1
"""Between two drawings, however much happens: a slow line must not lag behind."""


def watch(api: "Api", snapshot: Snapshot) -> None:
    """Show the snapshot, kept up to date, until `q`, Ctrl-C or a signal; the terminal is then as before.

    Raises CommandFailed when the login has ended.
    """
    look, target = Look(), console()
    with _ended_by_signals(), keyboard() as keys, Live(console=target, screen=True, auto_refresh=False) as live:
        polling = Polling(api, snapshot, changed=keys.wake)
        try:
            with polling:
                while polling.failure is None:
                    target.size = size = _size()
                    now_ms = time.time_ns() // 1_000_000
                    shown = screen(snapshot, look, width=size.width, height=size.height, now_ms=now_ms)
                    live.update(shown, refresh=True)
                    if not all(_obey(key, look) for key in keys.read(REFRESH_SECONDS)):
                        return
                    time.sleep(FASTEST_SECONDS)
        except KeyboardInterrupt:
            return
    if polling.failure is not None:
        raise polling.failure


def _size() -> ConsoleDimensions:
    """The terminal's size now: it may have changed, whatever COLUMNS and LINES said at the start."""
    try:
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        columns, lines = 0, 0
    return ConsoleDimensions(columns or 80, lines or 24)


def _obey(key: Key, look: Look) -> bool:
    """Do what the key asks; whether to go on."""
    if key is Key.SORT:
        look.order = next_order(look.order)
        look.first_robot = 0
    elif key is Key.DOWN:
        look.first_robot += 1
    elif key is Key.UP:
        look.first_robot = max(0, look.first_robot - 1)
    return key is not Key.QUIT


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A closed connection or a `kill` leaves by the same door as Ctrl-C, so that the terminal is put back."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before: dict[int, Any] = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
