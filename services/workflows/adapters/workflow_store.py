"""Workflows on MongoDB."""

from typing import Final

import msgspec

from services.workflows.domain.workflow import Workflow
from shared.events import EventData, wrap
from shared.kernel.ids import NewId
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_of_new
from shared.storage import Collection, Document, Store

WORKFLOWS: Final = "workflows"
WORKFLOW_INDEXES: Final = (OUTBOX_INDEX,)


class MongoWorkflows:
    """`Workflows` on the `workflows` collection."""

    def __init__(self, store: Store, relay: OutboxRelay, new_id: NewId) -> None:
        self._collection = Collection(store, WORKFLOWS)
        self._relay = relay
        self._new_id = new_id

    async def insert(self, workflow: Workflow, event: EventData) -> bool:
        wrapped = wrap(
            event,
            event_id=self._new_id(),
            subject=workflow.workflow_id,
            tenant_id=workflow.tenant_id,
            version=workflow.version,
            at_ms=workflow.created_ms,
        )
        document: Document = msgspec.to_builtins(workflow)
        inserted = await self._collection.insert({**document, **outbox_of_new(wrapped)})
        if inserted:
            self._relay.send(WORKFLOWS, workflow.workflow_id, wrapped)
        return inserted

    async def get(self, tenant_id: str, workflow_id: str) -> Workflow | None:
        document = await self._collection.get(workflow_id)
        if document is None or document["tenant_id"] != tenant_id:
            return None
        return msgspec.convert(document, Workflow, strict=False)
