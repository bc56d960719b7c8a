"""The embedded store's process: `python -m cli.store_process FOLDER HOST PORT`, run by `cli.child` under its lock."""

import logging
import os
import sys
from pathlib import Path
from typing import Final

from nx_27017.nx_27017 import main as run_store

OWNER_ONLY: Final = 0o077


def main(arguments: list[str]) -> None:
    """Serve the folder's documents until SIGTERM.

    The lock that the parent process took is what keeps a second store away, so a process id file that a killed one
    left behind says nothing and is removed: its number may be another program's by now.
    """
    folder, host, port = arguments
    os.umask(OWNER_ONLY)
    logging.getLogger("nx_27017").setLevel(logging.WARNING)
    pid_file = Path(folder) / "store.pid"
    pid_file.unlink(missing_ok=True)
    log = Path(folder) / "store.log"
    sys.argv = ["nx-27017", "--data-dir", folder, "--host", host, "--port", port]
    sys.argv += ["--pid-file", str(pid_file), "--log-file", str(log)]
    run_store()


if __name__ == "__main__":
    main(sys.argv[1:])
