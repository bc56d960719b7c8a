"""CASARE_WORKFLOWS_DIR: each version is written there too, whole or not at all."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.component.workflows.service import Workflows, assert_nothing_stored, body, open_workflows
from tests.support.clock import ManualClock
from tests.support.service import assert_problem

SECOND = {"nodes": {"n2": {"text": "ü"}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workflows"


@pytest.fixture
async def workflows(store_url: str, database_name: str, clock: ManualClock, folder: Path) -> AsyncIterator[Workflows]:
    async with open_workflows(store_url, database_name, clock, workflows_dir=str(folder)) as opened:
        yield opened


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_each_version_is_written_and_deleted_with_its_workflow(workflows: Workflows, folder: Path) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    async with workflows.client() as client:
        path = f"/api/v1/workflows/{workflow_id}"
        await client.put(path, json={"workflow_json": SECOND})
        await client.put(path, json={"workflow_json": SECOND, "workflow_name": "New"})
        assert files(folder) == [f"default/{workflow_id}/v1.json", f"default/{workflow_id}/v2.json"]
        assert json.loads((folder / f"default/{workflow_id}/v2.json").read_text(encoding="utf-8")) == SECOND
        answer = await client.delete(path)
    assert answer.json()["deleted_from"] == {"database": True, "filesystem": True}
    assert files(folder) == []


@pytest.mark.parametrize("tenant_id", ["..", ".", "../../etc", "a/b", "/", "a\\b", "%2E"])
async def test_a_tenants_name_leads_nowhere_else(workflows: Workflows, folder: Path, tenant_id: str) -> None:
    async with workflows.client(tenant_id=tenant_id) as client:
        workflow_id = (await client.post("/api/v1/workflows", json=body())).json()["workflow_id"]
    [written] = files(folder)
    tenant_folder, *rest = Path(written).parts
    assert rest == [workflow_id, "v1.json"]
    assert "/" not in tenant_folder
    assert tenant_folder not in (".", "..")
    assert files(folder.parent) == [f"workflows/{written}"]


async def test_nothing_is_stored_when_the_folder_cannot_be_written(workflows: Workflows, folder: Path) -> None:
    folder.write_text("in the way")  # noqa: ASYNC240 - nothing else runs
    async with workflows.client() as client:
        response = await client.post("/api/v1/workflows", json=body())
        assert_problem(response, 503, "UNAVAILABLE")
        metrics = (await client.get("/metrics")).text
    assert "casare_workflow_folder_failures_total 1.0" in metrics
    await assert_nothing_stored(workflows)


async def test_a_change_that_loses_leaves_no_file(workflows: Workflows, folder: Path) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    async with workflows.client() as client:
        stale = {"workflow_json": SECOND, "expected_version": 7}
        assert_problem(
            await client.put(f"/api/v1/workflows/{workflow_id}", json=stale), 409, "WORKFLOW_VERSION_CONFLICT"
        )
    assert files(folder) == [f"default/{workflow_id}/v1.json"]


async def test_a_folder_that_cannot_be_removed_is_told(workflows: Workflows, folder: Path) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    (folder / "default" / workflow_id).rename(folder / "moved")
    (folder / "default" / workflow_id).write_text("in the way")
    async with workflows.client() as client:
        answer = await client.delete(f"/api/v1/workflows/{workflow_id}")
    assert answer.json()["deleted_from"] == {"database": True, "filesystem": False}
