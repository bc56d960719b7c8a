"""A workflow of 50 MB with 1,000 nodes, from the upload to the robot that runs it (clarifications 10)."""

from typing import Final

import httpx
import pytest

from tests.support.api import RobotApi
from tests.support.contract.cast import Cast
from tests.support.system import System
from tests.support.workflows import largest

MAX_BYTES: Final = 50 * 1024 * 1024
MAX_NODES: Final = 1_000

pytestmark = pytest.mark.timeout(120)


async def test_the_largest_workflow_reaches_people_and_robots_as_it_was_sent(system: System) -> None:
    content = largest(MAX_BYTES, MAX_NODES)
    form = {"files": {"file": ("large.json", content)}, "params": {"trigger_type": "webhook"}}
    async with Cast(system) as cast:
        robot = await cast.client("robot")
        assert isinstance(robot, RobotApi)
        uploaded = await system.admin.call("POST", "/workflows/upload", **form)
        workflow_id = uploaded["workflow_id"]
        read = await system.admin.request("GET", f"/workflows/{workflow_id}")
        assert content in read.content
        run = {"workflow_id": workflow_id, "environment": cast.environment}
        submitted = await system.admin.call("POST", "/jobs", run)
        job = await robot.claim()
        assert job is not None
        assert job["job_id"] == submitted["job_id"]
        assert job["workflow_json"].encode() == content
        await robot.complete(job)
        await system.admin.call("DELETE", f"/workflows/{workflow_id}")


async def test_one_byte_or_one_node_more_is_refused(system: System) -> None:
    for content, status in (
        (largest(MAX_BYTES + 1, MAX_NODES), httpx.codes.REQUEST_ENTITY_TOO_LARGE),
        (largest(1_000_000, MAX_NODES + 1), httpx.codes.BAD_REQUEST),
    ):
        answer = await system.admin.request("POST", "/workflows/upload", files={"file": ("large.json", content)})
        assert answer.status_code == status
