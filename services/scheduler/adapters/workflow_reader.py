"""Workflows as schedules need them, read from the collection that the workflows service owns."""

from typing import Final

import msgspec

from services.scheduler.ports import RunnableWorkflow
from shared.storage import Collection, Store

WORKFLOWS: Final = "workflows"


class _Version(msgspec.Struct):
    definition_id: str


class _Workflow(msgspec.Struct):
    """The fields read here; others may come and go."""

    tenant_id: str
    name: str
    current_version: int
    versions: dict[str, _Version]


class MongoWorkflowReader:
    """`Workflows`; reads only. Reads of many schedules at once are grouped into one."""

    def __init__(self, store: Store) -> None:
        self._collection = Collection(store, WORKFLOWS)

    async def get(self, tenant_id: str, workflow_id: str) -> RunnableWorkflow | None:
        document = await self._collection.get(workflow_id)
        if document is None or document["tenant_id"] != tenant_id or document.get("deleted_ms") is not None:
            return None
        workflow = msgspec.convert(document, _Workflow, strict=False)
        current = workflow.versions[str(workflow.current_version)]
        return RunnableWorkflow(workflow.name, workflow.current_version, current.definition_id)
