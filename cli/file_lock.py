"""A lock between processes, held on a file; it ends with its process, however that ends."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_POLL_SECONDS: Final = 0.05

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def exclusive(
    path: Path,
    *,
    timeout_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Holds the lock on `path`, which is created, until the block ends.

    Raises TimeoutError when another process keeps it for `timeout_seconds`, OSError when the file cannot be opened.
    """
    deadline = monotonic() + timeout_seconds
    with path.open("ab") as file:
        while not _taken(file):
            if monotonic() >= deadline:
                raise TimeoutError(f"{path} is held by another process")
            sleep(_POLL_SECONDS)
        # Closing the file gives the lock back.
        yield


def _taken(file: IO[bytes]) -> bool:
    try:
        _take(file)
    except (BlockingIOError, PermissionError):  # PermissionError: how Windows says that it is held
        return False
    return True
