"""Workflows on MongoDB. A deleted one stays as a tombstone until its events are out; nobody finds it meanwhile."""

import re
from typing import Any, Final

import msgspec

from services.workflows.domain.workflow import Workflow, WorkflowHead
from services.workflows.ports import ListedWorkflows
from shared.events import CloudEvent, EventData, wrap
from shared.jobs.position import SEPARATOR, everything_in, moment, tenant_prefix
from shared.kernel.ids import NewId
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Collection, Document, Index, Store

WORKFLOWS: Final = "workflows"
WORKFLOW_INDEXES: Final = (
    Index("place", (("place", 1),)),  # a tenant's workflows in order of creation
    Index("deleted_ms", (("deleted_ms", 1),)),  # removal of tombstones
    OUTBOX_INDEX,
)
_HEAD: Final = ("name", "trigger_type", "execution_mode", "description", "current_version", "created_ms", "updated_ms")


class MongoWorkflows:
    """`Workflows` on the `workflows` collection."""

    def __init__(self, store: Store, relay: OutboxRelay, new_id: NewId) -> None:
        self._collection = Collection(store, WORKFLOWS)
        self._relay = relay
        self._new_id = new_id

    async def insert(self, workflow: Workflow, event: EventData) -> bool:
        wrapped = self._wrap(workflow, event)
        document: Document = {**msgspec.to_builtins(workflow), **_searchable(workflow), "place": _place(workflow)}
        inserted = await self._collection.insert({**document, **outbox_of_new(wrapped)})
        if inserted:
            self._relay.send(WORKFLOWS, workflow.workflow_id, wrapped)
        return inserted

    async def get(self, tenant_id: str, workflow_id: str) -> Workflow | None:
        document = await self._collection.get(workflow_id)
        if document is None or document["tenant_id"] != tenant_id or document.get("deleted_ms") is not None:
            return None
        return msgspec.convert(document, Workflow, strict=False)

    async def find(self, tenant_id: str, *, search: str | None, limit: int, offset: int) -> ListedWorkflows:
        query: Document = {"place": everything_in(tenant_prefix(tenant_id))}
        if search:
            query["folded_name"] = {"$regex": re.escape(search.casefold())}
        found = await self._collection.find(query, sort=[("place", -1)], limit=limit, skip=offset, fields=_HEAD)
        heads = [msgspec.convert(document, WorkflowHead, strict=False) for document in found]
        return ListedWorkflows(heads, await self._collection.count(query))

    async def save(self, before: Workflow, after: Workflow, event: EventData) -> bool:
        changed = _difference(msgspec.to_builtins(before), msgspec.to_builtins(after))
        return await self._change(before, after, event, {"$set": {**changed, **_searchable(after)}})

    async def delete(self, workflow: Workflow, event: EventData, at_ms: int) -> bool:
        tombstone = msgspec.structs.replace(workflow, version=workflow.version + 1, updated_ms=at_ms)
        changes = {"version": tombstone.version, "updated_ms": at_ms, "deleted_ms": at_ms}
        return await self._change(workflow, tombstone, event, {"$set": changes, "$unset": {"place": ""}})

    async def remove_deleted_before(self, at_ms: int) -> int:
        return await self._collection.delete({"deleted_ms": {"$gt": 0, "$lt": at_ms}, "unsent": 0})

    async def _change(self, before: Workflow, after: Workflow, event: EventData, update: Document) -> bool:
        """The one guarded write of a change and its event."""
        wrapped = self._wrap(after, event)
        outbox = outbox_fields(wrapped)
        guard = {"_id": before.workflow_id, "tenant_id": before.tenant_id, "version": before.version}
        update = {**update, "$set": {**update["$set"], **outbox.to_set}, "$inc": outbox.to_increment}
        changed = await self._collection.update(guard, update, outbox.receipt)
        if changed:
            self._relay.send(WORKFLOWS, before.workflow_id, wrapped)
        return changed

    def _wrap(self, workflow: Workflow, event: EventData) -> CloudEvent:
        return wrap(
            event,
            event_id=self._new_id(),
            subject=workflow.workflow_id,
            tenant_id=workflow.tenant_id,
            version=workflow.version,
            at_ms=workflow.updated_ms,
        )


def _place(workflow: Workflow) -> str:
    """`<tenant>|<created>|<id>`: the list's order, newest last, on one indexed field."""
    return f"{tenant_prefix(workflow.tenant_id)}{moment(workflow.created_ms)}{SEPARATOR}{workflow.workflow_id}"


def _searchable(workflow: Workflow) -> Document:
    """The name as searches compare it, alike on every engine."""
    return {"folded_name": workflow.name.casefold()}


def _difference(before: Any, after: Any) -> Document:
    """What to set; versions are added one by one, never replaced."""
    changed = {name: value for name, value in after.items() if name != "versions" and before.get(name) != value}
    added = after["versions"].keys() - before["versions"].keys()
    return {**changed, **{f"versions.{number}": after["versions"][number] for number in added}}
