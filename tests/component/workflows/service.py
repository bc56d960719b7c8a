"""The workflows service on a real store, with the real scheduler behind it, both in this process."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from services.scheduler.app import OUTBOX_COLLECTIONS as SCHEDULER_COLLECTIONS
from services.scheduler.app import create_app as create_scheduler
from services.scheduler.settings import SchedulerSettings
from services.workflows.adapters.workflow_store import MongoWorkflows
from services.workflows.app import OUTBOX_COLLECTIONS, create_app
from services.workflows.settings import WorkflowsSettings
from services.workflows.use_cases.remove_tombstones import RemoveTombstones
from shared.config import load
from shared.events import CloudEvent, decode
from shared.kernel.identity import DEFAULT_TENANT, Identity
from shared.kernel.permissions import Role
from shared.messaging import Subscription
from shared.storage import Document
from shared.web.runtime import Runtime, open_runtime
from shared.web.tokens import HEADER, InternalTokens
from tests.support.clock import ManualClock

STORED = ("workflows", "workflow_definitions", "webhooks", "jobs", "schedules")


class SignedAs(httpx.Auth):
    """Signs each request anew: the clock may have moved past an older token."""

    def __init__(self, tokens: InternalTokens, identity: Identity) -> None:
        self._tokens = tokens
        self._identity = identity

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # nothing is sent back
        request.headers[HEADER] = self._tokens.sign(self._identity)
        yield request


@dataclass(slots=True)
class Workflows:
    """The service under test and what it stands on."""

    app: FastAPI
    runtime: Runtime
    clock: ManualClock
    events: list[CloudEvent] = field(default_factory=list)
    """What was published, each event once: delivery is at least once, and a moved clock lets sweeps repeat some."""

    def client(
        self, role: Role = Role.DEVELOPER, tenant_id: str = DEFAULT_TENANT, subject: str = "u1"
    ) -> httpx.AsyncClient:
        """A client that calls as a user of `tenant_id` with `role`."""
        return self.client_as(Identity(kind="user", subject=subject, tenant_id=tenant_id, roles=(role,)))

    def client_as(self, identity: Identity | None) -> httpx.AsyncClient:
        """A client that calls as `identity`; without one when None."""
        auth = None if identity is None else SignedAs(self.runtime.tokens, identity)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://test", auth=auth)

    async def documents(self, collection: str) -> list[Document]:
        """Everything in `collection`, by id."""
        return await self.runtime.store.collection(collection).find({}).sort("_id", 1).to_list()

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
            workflows = Workflows(create_app(settings, runtime, scheduler_client), runtime, clock)

            async def record(body: bytes) -> None:
                event = decode(body)
                if event.id not in [known.id for known in workflows.events]:
                    workflows.events.append(event)

            await runtime.bus.subscribe(Subscription("test", ("#",)), record)
            yield workflows


def body(**fields: Any) -> dict[str, Any]:
    """The smallest valid request, with `fields` replaced or added."""
    return {"workflow_name": "My Workflow", "workflow_json": {"nodes": {}, "connections": []}, **fields}


async def assert_nothing_stored(workflows: Workflows) -> None:
    """No collection holds anything."""
    for collection in (*STORED, "idempotency_keys"):
        assert await workflows.documents(collection) == [], collection


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
