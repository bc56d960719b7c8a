"""The workflows service on a real store, with the real scheduler behind it, both in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.types import ASGIApp

from services.scheduler.app import OUTBOX_COLLECTIONS as SCHEDULER_COLLECTIONS
from services.scheduler.app import create_app as create_scheduler
from services.scheduler.settings import SchedulerSettings
from services.workflows.adapters.workflow_store import MongoWorkflows
from services.workflows.app import OUTBOX_COLLECTIONS, create_app
from services.workflows.settings import WorkflowsSettings
from services.workflows.use_cases.remove_tombstones import RemoveTombstones
from shared.config import load
from shared.kernel.identity import DEFAULT_TENANT
from shared.kernel.permissions import Role
from shared.web.runtime import open_runtime
from tests.support.clock import ManualClock
from tests.support.service import Service

STORED = ("workflows", "workflow_definitions", "webhooks", "jobs", "schedules")


class Workflows(Service):
    """The service under test and what it stands on."""

    def client(
        self, role: Role = Role.DEVELOPER, tenant_id: str = DEFAULT_TENANT, subject: str = "u1"
    ) -> httpx.AsyncClient:
        """A client that calls as a user of `tenant_id`, who may change workflows unless `role` says otherwise."""
        return super().client(role, tenant_id, subject)

    def remove_tombstones(self) -> RemoveTombstones:
        """The duty, to run when the test says."""
        runtime = self.runtime
        return RemoveTombstones(MongoWorkflows(runtime.store, runtime.relay, runtime.new_id), self.clock)

    async def submit(self, **fields: Any) -> dict[str, Any]:
        """The answer to a submission; `fields` replace those of `body`."""
        async with self.client() as client:
            response = await client.post("/api/v1/workflows", json=body(**fields))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


@asynccontextmanager
async def open_workflows(
    store_url: str, database_name: str, clock: ManualClock, scheduler: ASGIApp | None = None, **values: Any
) -> AsyncIterator[Workflows]:
    """The service, calling `scheduler`, or a real one when None; `values` are settings."""
    settings = load(WorkflowsSettings, mongodb_url=store_url, mongodb_database=database_name, **values)
    collections = {*OUTBOX_COLLECTIONS, *SCHEDULER_COLLECTIONS}
    async with open_runtime(settings, collections, clock=clock) as runtime:
        if scheduler is None:
            scheduler = create_scheduler(load(SchedulerSettings), runtime.with_own_registry())
        transport = httpx.ASGITransport(app=scheduler)
        async with httpx.AsyncClient(transport=transport, base_url="http://scheduler") as scheduler_client:
            app = create_app(settings, runtime, scheduler_client)
            workflows = Workflows(app=app, runtime=runtime, clock=clock)
            await workflows.record_events()
            yield workflows


def body(**fields: Any) -> dict[str, Any]:
    """The smallest valid request, with `fields` replaced or added."""
    return {"workflow_name": "My Workflow", "workflow_json": {"nodes": {}, "connections": []}, **fields}


async def assert_nothing_stored(workflows: Workflows) -> None:
    """No collection holds anything."""
    for collection in (*STORED, "idempotency_keys"):
        assert await workflows.documents(collection) == [], collection
