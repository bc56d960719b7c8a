"""The workflow store on every engine."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from services.workflows.adapters.workflow_store import MongoWorkflows
from services.workflows.domain.workflow import TriggerType, Workflow, WorkflowVersion
from shared.events.workflows import WorkflowCreated, WorkflowDeleted, WorkflowUpdated
from shared.jobs import ExecutionMode
from tests.component.workflows.service import Workflows, open_workflows
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

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


def named(workflow_id: str, name: str, created_ms: int, tenant_id: str = "default") -> Workflow:
    return msgspec.structs.replace(
        WORKFLOW, workflow_id=workflow_id, name=name, created_ms=created_ms, tenant_id=tenant_id
    )


async def test_workflows_are_found_newest_first_by_page_and_name(store: MongoWorkflows) -> None:
    for number, name in enumerate(("Alpha", "beta", "ALPHABET", "g.mma")):
        await store.insert(named(f"w{number}", name, number), CREATED)
    await store.insert(named("w9", "Alpha", 9, "rival"), CREATED)
    everything = await store.find("default", search=None, limit=3, offset=0)
    assert ([head.name for head in everything.workflows], everything.total) == (["g.mma", "ALPHABET", "beta"], 4)
    rest = await store.find("default", search=None, limit=3, offset=3)
    assert [head.name for head in rest.workflows] == ["Alpha"]
    found = await store.find("default", search="alpha", limit=10, offset=0)
    assert ([head.name for head in found.workflows], found.total) == (["ALPHABET", "Alpha"], 2)
    assert (await store.find("default", search="G.", limit=10, offset=0)).total == 1


async def test_a_change_is_stored_only_on_the_state_it_was_made_from(store: MongoWorkflows) -> None:
    await store.insert(WORKFLOW, CREATED)
    second = msgspec.structs.replace(
        WORKFLOW,
        version=2,
        name="m",
        description=None,
        current_version=2,
        versions={**WORKFLOW.versions, "2": WORKFLOW.current},
        updated_ms=2,
    )
    event = WorkflowUpdated(workflow_id="w1", workflow_name="m", version=2)
    outcomes = await asyncio.gather(*(store.save(WORKFLOW, second, event) for _ in range(3)))
    assert sorted(outcomes) == [False, False, True]
    assert await store.get("default", "w1") == second


async def test_a_deleted_workflow_is_found_no_more_and_goes_when_its_events_are_out(store: MongoWorkflows) -> None:
    await store.insert(WORKFLOW, CREATED)
    await store.insert(named("w2", "kept", 5), CREATED)
    event = WorkflowDeleted(workflow_id="w1", workflow_name="n", version=1)
    assert await store.delete(WORKFLOW, event, 10)
    assert not await store.delete(WORKFLOW, event, 10)
    assert await store.get("default", "w1") is None
    assert (await store.find("default", search=None, limit=10, offset=0)).total == 1
    assert await store.remove_deleted_before(10) == 0

    async def removed() -> bool:
        return await store.remove_deleted_before(11) == 1

    await eventually(removed)
    assert await store.get("default", "w2") is not None
