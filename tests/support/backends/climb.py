"""Decides on one backend for a run of the tests, and starts it if need be, in a process of its own.

    python -m tests.support.backends.climb <subject> <file for the decision>

So what is started belongs to the run and not to the worker that asked first.
"""

import sys
from pathlib import Path

import msgspec

from tests.support.backends.ladder import Subject, climb
from tests.support.backends.ladders import LADDERS


def main() -> None:
    subject = msgspec.convert(sys.argv[1], Subject)
    target = Path(sys.argv[2])
    unfinished = target.with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.encode(climb(LADDERS[subject]())))
    unfinished.rename(target)


if __name__ == "__main__":
    main()
