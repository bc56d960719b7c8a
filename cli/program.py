"""Runs an installed program under `cli.child`, so that it cannot outlive its parent: `cli.program PROGRAM [ARG …]`."""

import signal
import subprocess
import sys


def main(command: list[str]) -> int:
    """Run `command` until it ends or SIGTERM arrives; its exit code."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
