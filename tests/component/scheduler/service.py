"""The scheduler on a real store, with time in the test's hands."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from services.scheduler.app import OUTBOX_COLLECTIONS, FiringParts, create_app, wire_firing
from services.scheduler.settings import SchedulerSettings
from shared.config import load
from shared.events import CloudEvent, decode
from shared.kernel.identity import DEFAULT_TENANT, Identity
from shared.kernel.permissions import Role
from shared.messaging import Subscription
from shared.storage import Document
from shared.web.runtime import Runtime, open_runtime
from shared.web.tokens import HEADER, InternalTokens
from tests.support.clock import ManualClock

WORKFLOW_ID = "550e8400-e29b-41d4-a716-446655440000"


class SignedAs(httpx.Auth):
    """Signs each request anew: the clock may have moved past an older token."""

    def __init__(self, tokens: InternalTokens, identity: Identity) -> None:
        self._tokens = tokens
        self._identity = identity

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # nothing is sent back
        request.headers[HEADER] = self._tokens.sign(self._identity)
        yield request


@dataclass(slots=True)
class Scheduler:
    """One replica."""

    app: FastAPI
    runtime: Runtime
    parts: FiringParts
    clock: ManualClock
    events: list[CloudEvent] = field(default_factory=list)
    """What was published, each event once: delivery is at least once, and a moved clock lets sweeps repeat some."""

    def client(self, role: Role = Role.ADMIN, tenant_id: str = DEFAULT_TENANT) -> httpx.AsyncClient:
        """A client that calls as a user of `tenant_id` with `role`."""
        return self.client_as(Identity(kind="user", subject="u1", tenant_id=tenant_id, roles=(role,)))

    def client_as(self, identity: Identity | None) -> httpx.AsyncClient:
        """A client that calls as `identity`; without one when None."""
        auth = None if identity is None else SignedAs(self.runtime.tokens, identity)
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://test", auth=auth)

    async def documents(self, collection: str) -> list[Document]:
        """Everything in `collection`, by id."""
        return await self.runtime.store.collection(collection).find({}).sort("_id", 1).to_list()

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
        scheduler = Scheduler(app, runtime, parts, clock)

        async def record(body: bytes) -> None:
            event = decode(body)
            if event.id not in [known.id for known in scheduler.events]:
                scheduler.events.append(event)

        await runtime.bus.subscribe(Subscription("test", ("#",)), record)
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


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem details of an error answer, checked for what every one must have (clarifications 1)."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["instance"] == response.request.url.path
    for name in ("type", "title", "detail", "request_id"):
        assert isinstance(problem[name], str)
        assert problem[name]
    return problem
