"""Clears up after a run of the tests, once the process that controls the run has ended, in whatever way.

python -m tests.support.reaper <run directory>      (standard input held open by the run)
"""

import shutil
import sys
from pathlib import Path


def main(run_directory: Path) -> int:
    sys.stdin.read()
    if not any(run_directory.glob("leftovers/*.json")):
        shutil.rmtree(run_directory)
        return 0
    # Loaded only now, for the clients of all backends come with it: most runs of a few tests need none.
    from tests.support.clearing import clear_up

    failures = clear_up(run_directory)
    sys.stderr.writelines(f"not removed: {failure}\n" for failure in failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
