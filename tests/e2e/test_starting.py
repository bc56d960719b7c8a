"""Starting on a machine of one's own: the first start, the next ones, and starts that cannot be."""

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support import workflows
from tests.support.api import Json, UserApi, log_in
from tests.support.deployment import all_gone, environment
from tests.support.embedded_deployment import EmbeddedDeployment
from tests.support.eventually import eventually
from tests.support.ports import LOOPBACK, free_port
from tests.support.run import ROOT

pytestmark = pytest.mark.timeout(90)

CANNOT_START: Final = 2
START_SECONDS: Final = 30
CHILDREN_NOTICE_SECONDS: Final = 10
AS_A_NEWCOMER: Final = {"CASARE_ADMIN_PASSWORD": "", "CASARE_LOCAL_ROBOT": "on"}
NOWHERE: Final = {"CASARE_MONGODB_URL": "mongodb://127.0.0.1:1/", "CASARE_AMQP_URL": "amqp://127.0.0.1:1/"}


async def test_a_newcomer_gets_a_password_and_a_robot_and_keeps_what_they_did(tmp_path: Path) -> None:
    installation = EmbeddedDeployment(tmp_path, AS_A_NEWCOMER)
    async with _started(installation):
        password = _shown_password(installation)
        job_id = await _job_by_the_local_robot(installation, password)
        running = installation.processes()
        assert len(running) >= 3, f"casare, its store and its robot, not {running}"
        assert await asyncio.to_thread(installation.stop) == {"casare up": 0}
        assert all_gone(running)
    async with _started(installation):
        assert password not in installation.process.output(), "the password was shown again"
        async with await _user(installation, password) as user:
            assert (await user.job(job_id))["status"] == "completed"
        running = installation.processes()
        await asyncio.to_thread(installation.kill_everything)
        await eventually(lambda: all_gone(running), timeout_seconds=CHILDREN_NOTICE_SECONDS)


def test_a_port_in_use_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        for words in (["up"], ["serve", "dispatcher"]):
            settings = {**NOWHERE, "CASARE_DATA_DIR": str(tmp_path), "CASARE_PORT": str(port)}
            assert f"{LOOPBACK}:{port}" in _refusal(words, settings)


def test_a_data_folder_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    for folder in (in_the_way, in_the_way / "below", Path("/proc/casare")):
        assert str(folder) in _refusal(["up"], {"CASARE_DATA_DIR": str(folder)})


async def test_a_data_folder_in_use_is_named_in_one_line_and_its_owner_goes_on(tmp_path: Path) -> None:
    installation = EmbeddedDeployment(tmp_path)
    async with _started(installation):
        line = await asyncio.to_thread(_refusal, ["up"], {"CASARE_DATA_DIR": str(tmp_path / "data")})
        assert str(tmp_path / "data") in line
        assert await log_in(installation.base_url, "admin", environment({})["CASARE_ADMIN_PASSWORD"])


def test_damaged_secrets_are_named_in_one_line_and_left_as_they_are(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text("{", "utf-8")
    assert str(secrets) in _refusal(["up"], {"CASARE_DATA_DIR": str(tmp_path)})
    assert secrets.read_text("utf-8") == "{"


@pytest.mark.parametrize(
    ("words", "settings", "named"),
    [
        (["up"], {"CASARE_PORT": "many"}, "CASARE_PORT"),
        (["up"], {"CASARE_ENVIRONMENT": "production"}, "CASARE_INTERNAL_KEY"),
        (["up"], {"CASARE_RATE_LIMITS": "clame=1"}, "clame"),
        (["up"], {"CASARE_TOKEN_SIGNING_KEY": "short"}, "CASARE_TOKEN_SIGNING_KEY"),
        (["serve", "dispatcher"], {}, "CASARE_MONGODB_URL"),
        (["serve", "gateway"], NOWHERE, "CASARE_DISPATCHER_URL"),
        (["serve", "auth"], {**NOWHERE, "CASARE_ADMIN_PASSWORD_FILE": "/proc/casare"}, "CASARE_ADMIN_PASSWORD_FILE"),
        (["robot", "run"], {"CASARE_ROBOT_API_KEY": ""}, "CASARE_ROBOT_API_KEY"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list | dict) else value,
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(
    words: list[str], settings: Mapping[str, str], named: str, tmp_path: Path
) -> None:
    assert named in _refusal(words, {"CASARE_DATA_DIR": str(tmp_path), **settings})


def _refusal(words: list[str], settings: Mapping[str, str]) -> str:
    """The one line that the command says on stderr before it ends."""
    command = [sys.executable, "-m", "cli.main", *words]
    refused = subprocess.run(
        command,
        env=environment({"CASARE_PORT": str(free_port()), **settings}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    lines = refused.stderr.splitlines()
    assert (refused.returncode, refused.stdout, len(lines)) == (CANNOT_START, "", 1), refused
    return lines[0]


@asynccontextmanager
async def _started(installation: EmbeddedDeployment) -> AsyncIterator[None]:
    try:
        await asyncio.to_thread(installation.start)
        yield
    finally:
        await asyncio.to_thread(installation.stop)


def _shown_password(installation: EmbeddedDeployment) -> str:
    shown = re.search(r"admin, password (\S+) \(generated", installation.process.output())
    assert shown is not None, installation.process.output()
    return shown[1]


async def _user(installation: EmbeddedDeployment, password: str) -> UserApi:
    tokens = await log_in(installation.base_url, "admin", password)
    return UserApi(installation.base_url, tokens["access_token"])


async def _job_by_the_local_robot(installation: EmbeddedDeployment, password: str) -> str:
    """The id of a job that the robot beside the services has completed."""
    async with await _user(installation, password) as user:
        job_id: str = (await user.submit("First", workflows.nothing()))["job_id"]

        async def completed() -> Json | None:
            job = await user.job(job_id)
            return job if job["status"] == "completed" else None

        job = await eventually(completed, timeout_seconds=20)
    assert job["robot_id"] == "local-robot"
    return job_id
