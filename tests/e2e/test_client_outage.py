"""The Python client while the server is killed and started again."""

import asyncio
from pathlib import Path

import pytest

from casare import AsyncClient, Retries
from tests.support import workflows
from tests.support.deployment import ADMIN_PASSWORD
from tests.support.system import System

pytestmark = pytest.mark.timeout(120)


async def test_waits_and_submissions_outlast_a_crash_of_the_server(breakable: System, tmp_path: Path) -> None:
    persistent = Retries(tries=100, longest_wait_seconds=1, deadline_seconds=100, budget=1000)
    async with AsyncClient(breakable.base_url, username="admin", password=ADMIN_PASSWORD, retries=persistent) as client:
        workflow = await client.workflows.push(workflows.nothing(), name="Outlasts a crash")
        before = await client.submit(workflow)
        waiting = asyncio.create_task(before.result(timeout=90))
        await asyncio.to_thread(breakable.deployment.kill_everything)
        submitting = asyncio.create_task(client.submit(workflow))
        await asyncio.to_thread(breakable.deployment.start)
        during = await submitting
        await breakable.robot_process("after-the-crash", tmp_path)

        await waiting
        await during.result(timeout=60)

        found = [job.id async for job in client.jobs.list(workflow_id=workflow.workflow_id)]
        assert found == [during.id, before.id]
