"""Runs a module as a child that cannot outlive its parent: `python -m cli.child LOCK_FILE MODULE [ARGUMENT …]`.

The parent keeps the child's standard input open and never writes to it. When the parent ends, however suddenly, the
pipe closes and the child stops. LOCK_FILE (`-` for none) is held while the module runs, so that a new child waits for
a dying one to let go of its data.
"""

import fcntl
import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import IO, Final

STOP_SECONDS: Final = 25.0
"""What the module gets to stop by itself once the parent is gone."""


def main(arguments: list[str]) -> None:
    """Run the module named in `arguments` until it ends or the parent is gone."""
    lock_path, module, *rest = arguments
    lock = None if lock_path == "-" else _hold(Path(lock_path))
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    sys.argv = [module, *rest]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        if lock is not None:
            lock.close()


def _hold(path: Path) -> IO[str]:
    """Wait for the lock and keep it."""
    lock = path.open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _stop_with_parent() -> None:
    while os.read(0, 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(STOP_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
