"""Single keys from the terminal, which is put back as it was."""

import os
import re
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final


class Key(StrEnum):
    """What a key asks for."""

    QUIT = "quit"
    UP = "up"
    DOWN = "down"
    SORT = "sort"
    OTHER = "other"


_KEYS: Final = {
    b"q": Key.QUIT,
    b"Q": Key.QUIT,
    b"\x03": Key.QUIT,
    b"\x1b[A": Key.UP,
    b"\x1bOA": Key.UP,
    b"k": Key.UP,
    b"\x1b[B": Key.DOWN,
    b"\x1bOB": Key.DOWN,
    b"j": Key.DOWN,
    b"s": Key.SORT,
}
_ONE_KEY: Final = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]|.", re.DOTALL)
_AT_ONCE: Final = 1024


class Keyboard:
    """Reads keys, and is woken when something else happened."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._awake, self._waker = os.pipe()
        os.set_blocking(self._awake, False)
        os.set_blocking(self._waker, False)

    def wake(self) -> None:
        """End a `read` under way; from any thread."""
        try:
            os.write(self._waker, b".")
        except OSError:
            return  # woken already, or over

    def read(self, timeout_seconds: float) -> list[Key]:
        """The next keys; none when there were none in time, or something else happened. A closed terminal quits."""
        ready, _, _ = select.select([self._descriptor, self._awake], [], [], timeout_seconds)
        if self._awake in ready:
            os.read(self._awake, 4096)
        if self._descriptor not in ready:
            return []
        # Over a slow line, or with a key held down, several come at once.
        typed = os.read(self._descriptor, _AT_ONCE)
        return [_KEYS.get(key, Key.OTHER) for key in _ONE_KEY.findall(typed)] if typed else [Key.QUIT]

    def close(self) -> None:
        """Gives its pipe back."""
        os.close(self._awake)
        os.close(self._waker)


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """Keys come one by one and are not echoed until the block ends; Ctrl-C still interrupts."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    keys = Keyboard(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield keys
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        keys.close()
