"""The product as its users run it, started by tests: see `embedded_deployment` and `distributed_deployment`."""

import base64
import hashlib
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, Self

import psutil

from tests.support.leftovers import is_gone
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import ChildProcess
from tests.support.run import ROOT

ADMIN_PASSWORD: Final = "correct horse battery staple"
SIGNING_SEED: Final = hashlib.sha256(b"end-to-end tests").digest()
"""Signs the deployment's access tokens, so that a test can make one that auth would not give it."""

_SETTINGS: Final = {
    "CASARE_ADMIN_PASSWORD": ADMIN_PASSWORD,
    "CASARE_TOKEN_SIGNING_KEY": base64.b64encode(SIGNING_SEED).decode(),
    "CASARE_LOCAL_ROBOT": "off",
    # The limits of the contract would count the tests' requests, not the product's faults.
    "CASARE_RATE_LIMITS": "*=1000000",
    "CASARE_LOGIN_MAX_FAILURES": "1000",
    "CASARE_API_KEY_CACHE_SECONDS": "1",
    "CASARE_LEASE_CHECK_SECONDS": "0.2",
    "CASARE_SCHEDULER_POLL_SECONDS": "0.5",
    "CASARE_ROLL_UP_EVERY_SECONDS": "0.2",
}


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of the tests, its own `CASARE_*` variables replaced by those of a deployment and `settings`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CASARE_")}
    return {**inherited, **_SETTINGS, **settings}


class Deployment(ABC):
    """One installation on loopback, started, killed and started again on the same ports and data.

    `service` is a service's name or `gateway`. All calls block: in an async test use `asyncio.to_thread`.
    """

    shape: ClassVar[str]

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()

    @property
    def base_url(self) -> str:
        """Of the gateway."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    @abstractmethod
    def store_url(self) -> str:
        """Of the document store."""

    @abstractmethod
    def start(self) -> Self:
        """Starts what does not run, and returns once everything is ready. Raises ProcessFailed."""

    @abstractmethod
    def stop(self) -> dict[str, int]:
        """Ends everything as its operator would; returns the exit code of each process of the product."""

    @abstractmethod
    def kill_everything(self) -> None:
        """`kill -9` of all the processes that were started here; theirs are left to notice."""

    @abstractmethod
    def kill(self, service: str) -> None:
        """`kill -9` of each process that runs the service."""

    @abstractmethod
    def processes(self) -> list[psutil.Process]:
        """Every process that runs, those that were started by others included."""

    @abstractmethod
    def stop_broker(self) -> None:
        """Ends the message broker; nothing to do where events stay inside the process."""

    @abstractmethod
    def start_broker(self) -> None:
        """Starts the message broker, if it does not run."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()


def casare(*words: str, name: str, log: Path, settings: Mapping[str, str]) -> ChildProcess:
    """The `casare` command with these words, not started yet."""
    command = [sys.executable, "-m", "cli.main", *words]
    return ChildProcess(command, name=name, log=log, env=environment(settings), cwd=ROOT)


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return all(is_gone(process) for process in processes)
