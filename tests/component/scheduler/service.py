"""The scheduler on a real store, with time in the test's hands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.scheduler.adapters.job_reader import MongoJobReader
from services.scheduler.adapters.schedule_store import MongoSchedules
from services.scheduler.app import OUTBOX_COLLECTIONS, FiringParts, create_app, wire_firing
from services.scheduler.settings import SchedulerSettings
from services.scheduler.use_cases.fire_due_schedules import FireDueSchedules
from services.scheduler.use_cases.fire_schedule import FireSchedule
from shared.config import load
from shared.jobs import JOBS
from shared.kernel.identity import DEFAULT_TENANT
from shared.storage import Collection, Document
from shared.web.runtime import open_runtime
from tests.support.clock import ManualClock
from tests.support.service import Service

WORKFLOW_ID = "550e8400-e29b-41d4-a716-446655440000"


@dataclass(slots=True, kw_only=True)
class Scheduler(Service):
    """One replica."""

    parts: FiringParts

    def replica_with(self, kind: type[MongoSchedules]) -> FireDueSchedules:
        """The firing of another replica on this database, whose schedules are of a kind that the test made."""
        runtime, parts = self.runtime, self.parts
        fire = FireSchedule(
            kind(runtime.store, runtime.relay, runtime.new_id),
            parts.workflows,
            parts.submitter,
            MongoJobReader(Collection(runtime.store, JOBS)),
            runtime.clock,
            grace_ms=60_000,
        )
        return FireDueSchedules(parts.schedules, fire, runtime.clock, batch=100)

    async def job_ids(self) -> list[str]:
        return [document["_id"] for document in await self.documents("jobs")]

    async def schedule(self, schedule_id: str) -> Document:
        """The stored schedule."""
        found = await self.runtime.store.collection("schedules").find_one({"_id": schedule_id})
        assert found is not None
        return found

    async def create(self, **fields: Any) -> dict[str, Any]:
        """A schedule made through the API; `fields` replace those of `body`."""
        async with self.client() as client:
            response = await client.post("/api/v1/schedules", json=body(**fields))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


@asynccontextmanager
async def open_scheduler(
    store_url: str, database_name: str, clock: ManualClock, **settings_values: Any
) -> AsyncIterator[Scheduler]:
    """A replica whose lifespan does not run: it fires when the test says so."""
    settings = load(SchedulerSettings, mongodb_url=store_url, mongodb_database=database_name, **settings_values)
    async with open_runtime(settings, OUTBOX_COLLECTIONS, clock=clock) as runtime:
        app = create_app(settings, runtime)
        parts = wire_firing(settings, runtime.with_own_registry())
        scheduler = Scheduler(app=app, runtime=runtime, parts=parts, clock=clock)
        await scheduler.record_events()
        yield scheduler


async def store_workflow(scheduler: Scheduler, workflow_id: str = WORKFLOW_ID, tenant_id: str = DEFAULT_TENANT) -> None:
    """A workflow as the workflows service stores it."""
    version = {"definition_id": "d1", "created_ms": 1, "created_by": "u1", "n_nodes": 0, "n_bytes": 2}
    document = {
        "_id": workflow_id,
        "tenant_id": tenant_id,
        "version": 1,
        "name": "Invoice Processing",
        "trigger_type": "manual",
        "execution_mode": "lan",
        "priority": 10,
        "metadata_json": "{}",
        "current_version": 1,
        "versions": {"1": version},
        "created_ms": 1,
        "updated_ms": 1,
    }
    await scheduler.runtime.store.collection("workflows").insert_one(document)


def body(**fields: Any) -> dict[str, Any]:
    """The smallest valid request, with `fields` replaced or added."""
    return {
        "workflow_id": WORKFLOW_ID,
        "schedule_name": "Daily Invoice Processing",
        "cron_expression": "0 * * * *",
        **fields,
    }
