"""The public reference's own examples, run as they stand but for address and credentials."""

import ast
import asyncio
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from tests.support import contract
from tests.support.contract.cast import Cast
from tests.support.deployment import ADMIN_PASSWORD
from tests.support.run import ROOT
from tests.support.system import System

EXAMPLES: Final = Path(str(contract.__file__)).with_name("examples.txt").read_text(encoding="utf-8")
BLOCKS: Final[list[tuple[str, str]]] = re.findall(r"^```(\w+)\n(.*?)^```", EXAMPLES, re.MULTILINE | re.DOTALL)
CURL: Final = [text for language, text in BLOCKS if language == "bash"]
REFERENCE: Final = ROOT.parent / "shared" / "contract" / "rest-api.md"
ADDRESS: Final = "http://localhost:8000"


def test_these_are_all_examples_of_the_reference() -> None:
    if not REFERENCE.exists():
        pytest.skip(f"the reference is not beside the project ({REFERENCE})")
    text = REFERENCE.read_text(encoding="utf-8")
    found = re.findall(r"^```(bash|python|yaml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found == BLOCKS


async def test_the_python_examples_run_one_after_the_other(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for language, text in BLOCKS:
        if language == "python":
            await _run_python(
                text.replace(ADDRESS, system.base_url).replace('"password")', f'"{ADMIN_PASSWORD}")'), names
            )
    assert names["tokens"]["token_type"] == "bearer"
    assert names["result"]["status"] == "success"
    assert f"Job ID: {names['result']['job_id']}" in capsys.readouterr().out
    assert names["robots"].keys() >= {"robots", "total"}
    await system.admin.cancel(names["result"]["job_id"])


async def test_curl_logs_in(system: System) -> None:
    answer = await _run_curl(system, _the("auth/login"), {"your-password": ADMIN_PASSWORD})
    assert answer["expires_in"] == 3600


async def test_curl_lists_workflows(system: System) -> None:
    answer = await _run_curl(system, _the("eyJhbGciOiJIUzI1NiIs..."), {"eyJhbGciOiJIUzI1NiIs...": system.access_token})
    assert answer["total"] == len(answer["workflows"]) or answer["total"] > len(answer["workflows"])


async def test_curl_shows_how_a_robot_sends_its_key(system: System) -> None:
    """The reference's command lacks `-X POST`, which its own description of the heartbeat asks for: as it stands it is
    told so; with it, it works."""
    async with Cast(system) as cast:
        robot, key = await cast.thing("robot"), await cast.thing("robot_key")
        known = {"robot-001": robot, "crpa_your_api_key_here": key}
        refused = await _run_curl(system, _the("heartbeat"), known)
        assert (refused["status"], refused["code"]) == (httpx.codes.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED")
        answered = await _run_curl(system, _the("heartbeat").replace("curl", "curl -X POST", 1), known)
        assert answered["ok"] is True


async def test_curl_submits_a_workflow(system: System) -> None:
    answer = await _run_curl(system, _the("My Workflow"), {"$TOKEN": system.access_token})
    assert answer["status"] == "success"
    await system.admin.cancel(answer["job_id"])


async def test_curl_uploads_a_workflow(system: System, tmp_path: Path) -> None:
    document: dict[str, Any] = {"nodes": {}, "connections": []}
    (tmp_path / "my_workflow.json").write_text(json.dumps(document), encoding="utf-8")
    answer = await _run_curl(system, _the("workflows/upload"), {"$TOKEN": system.access_token}, tmp_path)
    stored = await system.admin.call("GET", f"/workflows/{answer['workflow_id']}")
    assert stored["workflow_json"] == document
    await system.admin.cancel(answer["job_id"])


async def test_the_scrape_configuration_names_a_page_of_metrics(system: System) -> None:
    [text] = [text for language, text in BLOCKS if language == "yaml"]
    [job] = yaml.safe_load(text)["scrape_configs"]
    page = await system.admin.page(job["metrics_path"])
    assert "casare_rpa_jobs_total" in page


def _the(part: str) -> str:
    [found] = [text for text in CURL if part in text]
    return found


async def _run_curl(system: System, text: str, known: Mapping[str, str], folder: Path | None = None) -> Any:
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("curl is needed to run the reference's examples")
        pytest.skip("curl is not installed")
    for name, value in {ADDRESS: system.base_url, **known}.items():
        text = text.replace(name, value)
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", text, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, text
    return json.loads(out)


async def _run_python(text: str, names: dict[str, Any]) -> None:
    code = compile(text, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = eval(code, names)
    if running is not None:
        await running
