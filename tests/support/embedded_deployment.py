"""Everything in one process: `casare up`."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, Self

import psutil

from tests.support.deployment import Deployment, casare
from tests.support.ports import LOOPBACK

_STOP_SECONDS: Final = 20.0


class EmbeddedDeployment(Deployment):
    """One process with its own data folder, and the document store as its child."""

    shape: ClassVar[str] = "embedded"

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(home)
        own = {"CASARE_PORT": str(self.port), "CASARE_DATA_DIR": str(home / "data")}
        self.process = casare("up", name="casare up", log=home / "up.log", settings={**own, **(settings or {})})

    @property
    def store_url(self) -> str:
        ports = {port for child in self.process.descendants() for port in _listening(child)}
        assert len(ports) == 1, f"not one child that listens, but {ports}"
        return f"mongodb://{LOOPBACK}:{ports.pop()}/?directConnection=true"

    def start(self) -> Self:
        if not self.process.is_running:
            self.process.start()
        self.process.wait_for_line("^Casare is running")
        return self

    def stop(self) -> dict[str, int]:
        exit_code = self.process.terminate(_STOP_SECONDS)
        return {} if exit_code is None else {self.process.name: exit_code}

    def kill_everything(self) -> None:
        self.process.kill_hard()

    def kill(self, service: str) -> None:
        self.kill_everything()

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(self.process.pid), *self.process.descendants()] if self.process.is_running else []

    def stop_broker(self) -> None:
        assert self.process.is_running

    def start_broker(self) -> None:
        assert self.process.is_running


def _listening(process: psutil.Process) -> list[int]:
    """The ports it listens on."""
    return [each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
