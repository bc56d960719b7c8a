"""The import contracts hold, and each of them would notice a violation."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("services", "gateway", "shared", "robot", "cli", "casare")

PLANTED: Final = {
    "shared/kernel/planted.py": "import services.auth",
    "shared/kernel/planted_upwards.py": "import shared.web",
    "gateway/planted.py": "import services.auth.app",
    "gateway/planted_client.py": "import casare",
    "casare/planted.py": "import shared.kernel",
    "services/auth/use_cases/planted.py": "import services.dispatcher.domain",
    "services/dispatcher/domain/planted.py": "import services.dispatcher.use_cases",
    "services/dispatcher/use_cases/planted.py": "import services.dispatcher.adapters.job_store",
    "services/dispatcher/use_cases/planted_framework.py": "import fastapi",
    "services/scheduler/domain/planted_driver.py": "import pymongo",
    "services/metrics/ports.py": "import redis",
    "services/workflows/helpers.py": "",
    "shared/utils/__init__.py": "",
}
"""A file with a forbidden import, or one in a place that no layer has."""


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the tree at `root`."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(
        command, cwd=root, env={"PYTHONPATH": str(root), "PATH": ""}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code that may be spoiled."""
    root = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def test_the_code_keeps_every_contract(tree: Path) -> None:
    outcome = lint(tree)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("path", sorted(PLANTED))
def test_a_planted_violation_is_caught(tree: Path, path: str) -> None:
    planted = tree / path
    original = planted.read_text() if planted.exists() else None
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f'"""Planted."""\n\n{PLANTED[path]}\n')
    try:
        outcome = lint(tree)
    finally:
        if original is None:
            planted.unlink()
            if path == "shared/utils/__init__.py":
                shutil.rmtree(planted.parent)
        else:
            planted.write_text(original)
    assert outcome.returncode == 1, outcome.stdout
