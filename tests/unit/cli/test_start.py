"""What the command costs before it does anything."""

import subprocess
import sys
from typing import get_args

from cli.commands.processes import ServeTarget
from cli.targets import TARGETS
from tests.support.run import ROOT

HEAVY = ("httpx", "pydantic", "fastapi", "pymongo", "aiohttp", "rich", "msgspec", "structlog")


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    loaded = f"import sys, cli.main; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    process = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, timeout=20, check=True
    )

    assert process.stdout.split() == []


def test_every_target_can_be_served_by_name() -> None:
    assert set(get_args(ServeTarget)) == set(TARGETS)
