"""Child processes that end with the test that started them."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.support.processes import ChildProcess


class Children:
    """Child processes that end when this does, the youngest first; each writes to `<name>.log` in one folder."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._ends.close()

    def start(
        self,
        command: Sequence[str | Path],
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> ChildProcess:
        """The process, started. Two of one name would write into one file: that fails."""
        log = self._directory / f"{name}.log"
        assert not log.exists(), f"a process named {name} was started before"
        child = ChildProcess(command, name=name, log=log, env=env, cwd=cwd)
        self._ends.callback(child.terminate)
        return child.start()
