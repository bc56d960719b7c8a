"""The examples of what a robot can do, each run by a real robot process as its README says."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from openpyxl import load_workbook
from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles

from tests.support.api import Json
from tests.support.extras import need_browser, need_robot_framework
from tests.support.http_server import serving
from tests.support.run import ROOT
from tests.support.system import EndedOtherwise, System

pytestmark = [pytest.mark.timeout(90), pytest.mark.parametrize("shape", ["embedded"], indirect=True)]

EXAMPLES: Final = ROOT / "examples"
OPEN_ORDERS: Final = [
    {"order": "A-1001", "customer": "Alpenblick Hotels", "total": "1450.00", "status": "open"},
    {"order": "A-1004", "customer": "Alpenblick Hotels", "total": "96.40", "status": "open"},
]


def _example(name: str, folder: Path, **variables: str) -> Json:
    """The example's workflow with these variables, its files copied to where its robot works."""
    shutil.copytree(EXAMPLES / name, folder / "examples" / name, ignore=shutil.ignore_patterns("out"))
    workflow: Json = json.loads((EXAMPLES / name / "workflow.json").read_text("utf-8"))
    return {**workflow, "variables": {**workflow["variables"], **variables}}


async def _outputs(system: System, workflow: Json) -> Any:
    submitted = await system.submit(workflow["metadata"]["name"], workflow)
    job = await system.job_in(submitted["job_id"], "completed", timeout_seconds=60)
    return job["result"]["outputs"]


async def test_the_robot_framework_example_runs_as_its_readme_says(system: System, tmp_path: Path) -> None:
    python = need_robot_framework()
    workflow = _example("robot_framework", tmp_path)
    await system.robot_process(
        *("framework", tmp_path),
        CASARE_ROBOT_ALLOW_FRAMEWORK="true",
        CASARE_ROBOT_FRAMEWORK_PYTHON=str(python),
    )

    assert await _outputs(system, workflow) == {
        "summary": "3 of 3 tests passed",
        "passed": 3,
        "total": 3,
        "log": "examples/robot_framework/out/log.html",
    }
    assert (tmp_path / "examples/robot_framework/out/log.html").exists()

    april = {**workflow, "variables": {**workflow["variables"], "month": "2026-04"}}
    with pytest.raises(EndedOtherwise) as ended:
        await _outputs(system, april)
    readme = (EXAMPLES / "robot_framework/README.md").read_text("utf-8")
    assert str(ended.value).removeprefix("failed: ") in readme


async def test_the_browser_example_runs_as_its_readme_says(system: System, tmp_path: Path) -> None:
    need_browser()
    await system.robot_process("browser", tmp_path)
    async with serving(_site()) as url:
        workflow = _example("browser", tmp_path, url=f"{url}/orders.html")
        outputs = await _outputs(system, workflow)

    assert outputs == {
        "orders": OPEN_ORDERS,
        "count": 2,
        "sheet": "examples/browser/out/orders.xlsx",
        "picture": "examples/browser/out/orders.png",
    }
    rows = load_workbook(tmp_path / outputs["sheet"])["Open orders"].iter_rows(min_row=2, values_only=True)
    assert [list(row) for row in rows] == [list(order.values()) for order in OPEN_ORDERS]
    assert (tmp_path / outputs["picture"]).read_bytes().startswith(b"\x89PNG")


def _site() -> Starlette:
    """What `python3 -m http.server` shows of the example's folder."""
    site = Starlette()
    site.mount("/", StaticFiles(directory=EXAMPLES / "browser"))
    return site
