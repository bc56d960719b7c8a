"""The webhook store on every engine."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from services.workflows.adapters.webhook_store import WEBHOOKS, MongoWebhooks
from services.workflows.domain.webhook import Webhook
from shared.events.workflows import WebhookCreated, WebhookDeleted
from shared.jobs import ExecutionMode
from tests.component.workflows.service import Workflows, open_workflows
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

CREATED = WebhookCreated(webhook_id="h1", workflow_id="w1", name="n")
DELETED = WebhookDeleted(webhook_id="h1", workflow_id="w1", name="n")
WEBHOOK = Webhook(
    webhook_id="h1",
    tenant_id="default",
    version=1,
    workflow_id="w1",
    name="n",
    description="ü\n",
    priority=0,
    execution_mode=ExecutionMode.INTERNET,
    created_ms=2,
    created_by="u1",
    updated_ms=2,
)


@pytest.fixture
async def service(each_store_url: str, database_name: str) -> AsyncIterator[Workflows]:
    async with open_workflows(each_store_url, database_name, ManualClock()) as opened:
        yield opened


@pytest.fixture
def store(service: Workflows) -> MongoWebhooks:
    return MongoWebhooks(service.runtime.store, service.runtime.relay, service.runtime.new_id)


async def test_a_webhook_is_read_as_it_was_stored_and_its_id_is_taken(store: MongoWebhooks) -> None:
    outcomes = await asyncio.gather(*(store.insert(WEBHOOK, CREATED) for _ in range(5)))
    assert sorted(outcomes) == [False, False, False, False, True]
    assert await store.find("h1") == WEBHOOK
    assert await store.find("h2") is None


async def test_a_workflows_webhooks_are_found_oldest_first_in_their_tenant_only(store: MongoWebhooks) -> None:
    older = msgspec.structs.replace(WEBHOOK, webhook_id="h2", created_ms=1, priority=None, execution_mode=None)
    others = [
        msgspec.structs.replace(WEBHOOK, webhook_id="h3", tenant_id="rival"),
        msgspec.structs.replace(WEBHOOK, webhook_id="h4", workflow_id="w2"),
    ]
    for webhook in (WEBHOOK, older, *others):
        await store.insert(webhook, CREATED)
    assert await store.of_workflow("default", "w1") == [older, WEBHOOK]
    assert await store.count("default", "w1") == 2
    assert await store.count("default", "w3") == 0


async def test_a_webhook_is_deleted_once_and_forgotten_when_its_events_are_out(
    service: Workflows, store: MongoWebhooks
) -> None:
    await store.insert(WEBHOOK, CREATED)
    outcomes = await asyncio.gather(*(store.delete(WEBHOOK, DELETED, at_ms=50) for _ in range(5)))
    assert sorted(outcomes) == [False, False, False, False, True]
    assert await store.find("h1") is None
    assert (await store.of_workflow("default", "w1"), await store.count("default", "w1")) == ([], 0)

    async def is_announced() -> bool:
        return not any(document["unsent"] for document in await service.documents(WEBHOOKS))

    await eventually(is_announced)
    assert await store.purge(50) == 0
    assert await store.purge(51) == 1
    assert await service.documents(WEBHOOKS) == []
