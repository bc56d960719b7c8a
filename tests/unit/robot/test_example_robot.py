"""The robot in 20 lines of `examples`, as its reader would start it."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.support.run import ROOT
from tests.unit.robot.orchestrator import KEY, Orchestrator

FOLDER: Final = ROOT / "examples" / "robot_in_20_lines"
SCRIPT: Final = FOLDER / "prices_robot.py"


@asynccontextmanager
async def started(server: Orchestrator, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {"URL": server.url, "API_KEY": KEY, "ID": "prices", "WORKDIR": str(folder), "CONNECTION": "http"}
    env = {**os.environ, "PYTHONPATH": str(ROOT), **{f"CASARE_ROBOT_{name}": text for name, text in settings.items()}}
    process = await asyncio.create_subprocess_exec(sys.executable, str(SCRIPT), env=env, cwd=folder)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_robot_in_20_lines_works_and_leaves_in_good_order(server: Orchestrator, tmp_path: Path) -> None:
    server.start()
    workflow = json.loads((FOLDER / "workflow.json").read_text("utf-8"))
    server.submit("j1", workflow, variables={"article": "pear", "pieces": 3})
    server.submit("j2", workflow, variables={"article": "plum", "pieces": 1})
    async with started(server, tmp_path) as process:
        await server.until(lambda: server.ends_of("j1") and server.ends_of("j2"))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    assert server.told("complete")[0][1]["result"]["outputs"] == {"total": "1.80"}
    failure = server.told("fail")[0][1]
    assert (failure["error_message"], failure["node_id"]) == ("the shop has no plum", "price")


def test_it_has_20_lines() -> None:
    assert len([line for line in SCRIPT.read_text("utf-8").splitlines() if line.strip()]) <= 20


def test_its_job_asks_for_what_only_its_robot_offers() -> None:
    """Beside the robot of `make run`, which does not know its node type, the job would fail half the time."""
    readme = (FOLDER / "README.md").read_text("utf-8")
    offered = re.search(r"CASARE_ROBOT_CAPABILITIES=(\S+)", readme)
    required = re.search(r"casare workflow run examples/robot_in_20_lines/workflow.json --capability (\S+)", readme)
    assert offered
    assert required
    assert offered[1] == required[1]
