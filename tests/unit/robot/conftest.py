from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from robot.executor import Executor
from robot.files import WorkingDirectory
from tests.unit.robot.orchestrator import Orchestrator
from tests.unit.robot.robots import Robots, robots_of


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Executor(WorkingDirectory(tmp_path))


@pytest.fixture
async def server() -> AsyncIterator[Orchestrator]:
    """Not started yet: until `start()`, connections are refused."""
    orchestrator = Orchestrator()
    yield orchestrator
    await orchestrator.end()


@pytest.fixture
def robots(server: Orchestrator, tmp_path: Path) -> Robots:
    return robots_of(server.url, tmp_path)
