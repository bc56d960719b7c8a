from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.node_functions import DECORATED
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


@pytest.fixture
def decorated() -> Iterator[None]:
    """Forgets the node types that a test made."""
    before = set(DECORATED)
    yield
    DECORATED._types = {each.name: each for each in before}
