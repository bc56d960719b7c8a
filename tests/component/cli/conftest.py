"""The `casare` command against a server that imitates the API."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.component.cli.fake_api import PASSWORD, FakeApi
from tests.component.cli.installations import Installation
from tests.component.cli.stage import Stage, serving
from tests.support.children import Children
from tests.support.embedded_deployment import EmbeddedDeployment
from tests.support.processes import ChildProcess
from tests.support.run import ROOT, private_folder


class Casare:
    """The command as one user runs it, with a home and configuration of its own."""

    def __init__(self, api: FakeApi, home: Path, children: Children) -> None:
        self.profiles = home / "config" / "casare" / "profiles.json"
        self.env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("CASARE_")}
        self.env |= {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "CASARE_URL": api.url,
            "NO_COLOR": None,
        }
        self._children = children

    def __call__(self, *words: str, stdin: str = "", **env: str) -> Result:
        """The command's outcome, run in this process."""
        return CliRunner().invoke(app, words, input=stdin, env={**self.env, **env}, prog_name="casare")

    def log_in(self) -> None:
        """Log in as the administrator."""
        assert self("login", "--password-stdin", stdin=PASSWORD).exit_code == 0

    def start(self, *words: str, name: str) -> ChildProcess:
        """The command as a process of its own; its output is stdout and stderr together."""
        return self._children.start(self.command(*words), name=name, env=self.environment(), cwd=ROOT)

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "cli.main", *words]

    def environment(self) -> dict[str, str]:
        """All variables of the command's process."""
        return {name: value for name, value in {**os.environ, **self.env}.items() if value is not None}


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Where each test's server stands."""
    with serving() as stage:
        yield stage


@pytest.fixture
def api(stage: Stage) -> Iterator[FakeApi]:
    """A server that imitates the API."""
    api = stage.put_on()
    yield api
    api.may_renew.set()


@pytest.fixture
def casare(api: FakeApi, tmp_path: Path) -> Iterator[Casare]:
    """The command, of a user who has not logged in."""
    with Children(tmp_path) as children:
        yield Casare(api, tmp_path, children)


@pytest.fixture
def logged_in(casare: Casare) -> Casare:
    """The command, of a user who has logged in."""
    casare.log_in()
    return casare


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """A `casare up`, for all tests that leave it as it was."""
    with EmbeddedDeployment(private_folder("operated")) as deployment:
        yield Installation(deployment)
