"""The workflow store on every engine."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.workflows.adapters.workflow_store import MongoWorkflows
from services.workflows.domain.workflow import TriggerType, Workflow, WorkflowVersion
from shared.events.workflows import WorkflowCreated
from shared.jobs import ExecutionMode
from tests.component.workflows.service import Workflows, open_workflows
from tests.support.clock import ManualClock

CREATED = WorkflowCreated(workflow_id="w1", workflow_name="n", version=1, trigger_type="manual")
WORKFLOW = Workflow(
    workflow_id="w1",
    tenant_id="default",
    version=1,
    name="n",
    trigger_type=TriggerType.MANUAL,
    execution_mode=ExecutionMode.INTERNET,
    priority=0,
    description="ü\n\t",
    metadata_json='{"a.b":{"$set":1}}',
    versions={"1": WorkflowVersion(definition_id="d", created_ms=1, created_by="u", n_nodes=0, n_bytes=12)},
    created_ms=1,
    updated_ms=1,
)


@pytest.fixture
async def service(each_store_url: str, database_name: str) -> AsyncIterator[Workflows]:
    async with open_workflows(each_store_url, database_name, ManualClock()) as opened:
        yield opened


@pytest.fixture
def store(service: Workflows) -> MongoWorkflows:
    return MongoWorkflows(service.runtime.store, service.runtime.relay, service.runtime.new_id)


async def test_a_workflow_is_read_as_it_was_stored(store: MongoWorkflows) -> None:
    assert await store.insert(WORKFLOW, CREATED)
    assert await store.get("default", "w1") == WORKFLOW


async def test_an_id_is_stored_once(store: MongoWorkflows) -> None:
    outcomes = await asyncio.gather(*(store.insert(WORKFLOW, CREATED) for _ in range(5)))
    assert sorted(outcomes) == [False, False, False, False, True]


async def test_another_tenant_reads_nothing(store: MongoWorkflows) -> None:
    await store.insert(WORKFLOW, CREATED)
    assert await store.get("rival", "w1") is None
    assert await store.get("default", "w2") is None
