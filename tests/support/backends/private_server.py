"""A server of the tests' own: started, stopped, killed and started again on the same port and data."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from tests.support.backends.ladder import NoAnswer
from tests.support.ports import free_port, is_listening
from tests.support.processes import GRACE_SECONDS, ChildProcess


class PrivateServer(ABC):
    """One server on a loopback port, with its data in `home`.

    All calls block: in an async test use `await asyncio.to_thread(server.restart)`. It ends with its `with` block, and
    at the latest with the run of the tests.
    """

    name: ClassVar[str]
    start_seconds: ClassVar[float] = 30

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.process = ChildProcess(
            self.command(), name=self.name, log=home / "output.log", env=self.environment(), cwd=home
        )

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect."""

    @abstractmethod
    def command(self) -> list[str]:
        """What runs it in the foreground."""

    @abstractmethod
    def check(self) -> None:
        """Raises NoAnswer unless it answers as a client expects."""

    def environment(self) -> dict[str, str] | None:
        """Its environment; None for that of the tests."""
        return None

    def start(self) -> Self:
        """Returns once it answers. Raises ProcessFailed if it does not; then nothing of it is left running."""
        try:
            self.process.start().wait_until_ready(self._answers, self.start_seconds)
        except BaseException:
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """As its operator would, and bounded."""
        self.process.terminate(GRACE_SECONDS)

    def kill(self) -> None:
        """Without a chance to tidy up, together with all processes it started."""
        self.process.kill_hard(with_descendants=True)

    def restart(self) -> None:
        """Stopped, if it runs, and started on the same port with the data it had."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        # A refused connection is what most attempts meet, and the cheapest to ask for.
        if not is_listening(self.port):
            return False
        try:
            self.check()
        except NoAnswer:
            return False
        return True
