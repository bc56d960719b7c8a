"""The `casare` command against the product itself, as one embedded process with a robot."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.support import workflows
from tests.support.deployment import ADMIN_PASSWORD
from tests.support.embedded_deployment import EmbeddedDeployment
from tests.support.run import private_folder

NOBODYS: Final = "nobodys"
"""An environment without robots: its jobs wait."""


class Casare:
    """The command as the installation's administrator uses it."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.home = home
        self.env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("CASARE_")}
        self.env |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "CASARE_URL": url, "NO_COLOR": None}

    def __call__(self, *words: str, stdin: str = "", **env: str) -> Result:
        """The command's outcome, run in this process."""
        return CliRunner().invoke(app, words, input=stdin, env={**self.env, **env}, prog_name="casare")

    def done(self, *words: str, stdin: str = "") -> Result:
        """The outcome of a command that succeeds."""
        outcome = self(*words, stdin=stdin)
        assert outcome.exit_code == 0, outcome.output
        return outcome

    def answer(self, *words: str, stdin: str = "") -> Any:
        """What a command that succeeds prints for programs."""
        return json.loads(self.done(*words, "-o", "json", stdin=stdin).stdout)

    def refused(self, *words: str, code: int, stdin: str = "") -> str:
        """The one line of a command that is refused with this exit code."""
        outcome = self(*words, stdin=stdin)
        assert outcome.exit_code == code, outcome.output
        (line,) = outcome.stderr.splitlines()
        assert line.startswith("error: ")
        assert outcome.stdout == ""
        return line


@pytest.fixture(scope="session")
def product() -> Iterator[EmbeddedDeployment]:
    """The product, for all tests of this folder."""
    with EmbeddedDeployment(private_folder("cli-product"), {"CASARE_LOCAL_ROBOT": "on"}) as running:
        yield running


@pytest.fixture(scope="session")
def casare(product: EmbeddedDeployment) -> Casare:
    """The command, logged in."""
    command = Casare(product.base_url, private_folder("cli-home"))
    command.done("login", "--password-stdin", stdin=ADMIN_PASSWORD)
    return command


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"Test {secrets.token_hex(4)}"


def write(path: Path, definition: dict[str, Any], name: str = "") -> Path:
    """The file of a workflow called so."""
    named = {"metadata": {"name": name}} if name else {}
    path.write_text(json.dumps({**definition, **named}))
    return path


@pytest.fixture
def file(tmp_path: Path, name: str) -> Path:
    """A workflow that ends as soon as it begins, under a name of its own."""
    return write(tmp_path / "flow.json", workflows.nothing(), name)


@pytest.fixture
def workflow_id(casare: Casare, file: Path) -> str:
    """That workflow, stored."""
    (pushed,) = casare.answer("workflow", "push", str(file))
    return str(pushed["workflow_id"])


@pytest.fixture
def waiting(casare: Casare, workflow_id: str) -> Iterator[str]:
    """A job that waits for a robot that does not come."""
    job_id = str(casare.answer("workflow", "run", workflow_id, "--environment", NOBODYS)["job_id"])
    yield job_id
    casare("job", "cancel", job_id)
