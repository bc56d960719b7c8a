from pathlib import Path

import pytest

from tests.component.robot_nodes.steps import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path)
