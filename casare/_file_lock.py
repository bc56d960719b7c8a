"""A lock between processes, held on a file; it ends with its process, however that ends."""

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def take(file: IO[bytes]) -> bool:
    """Takes the lock on the file until it is closed; False while another process holds it."""
    try:
        _take(file)
    except (BlockingIOError, PermissionError):  # PermissionError: how Windows says that it is held
        return False
    return True
