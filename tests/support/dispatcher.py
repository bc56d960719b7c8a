"""A dispatcher application on a real store, with the bus in the process."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from services.dispatcher.app import OUTBOX_COLLECTIONS, create_app
from services.dispatcher.settings import DispatcherSettings
from shared.config import load
from shared.events import CloudEvent
from shared.jobs import JOBS, DefinitionStore, Job, JobSubmitter, NewJob
from shared.jobs.definitions import definition_of
from shared.jobs.job import from_document
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.messaging import Consumer, Subscription
from shared.storage import Collection
from shared.web.runtime import Runtime, open_runtime
from shared.web.tokens import HEADER

API = "/api/v1"
TENANT = "default"


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls the dispatcher as one identity."""

    http: httpx.AsyncClient
    sign: Callable[[], Mapping[str, str]]
    """Makes the identity's headers anew for each call: they expire as the test's time moves on."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of a call made now."""
        return self.sign()

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """POST `body` as JSON; None sends no body."""
        return await self.http.post(API + path, json=body, headers={**self.headers, **headers})

    async def put(self, path: str, body: object) -> httpx.Response:
        """PUT `body` as JSON."""
        return await self.http.put(API + path, json=body, headers=self.headers)

    async def delete(self, path: str) -> httpx.Response:
        """DELETE without a body."""
        return await self.http.delete(API + path, headers=self.headers)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """GET with `query`."""
        return await self.http.get(API + path, params=query, headers=self.headers)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """A running dispatcher, and everything a test does around it."""

    runtime: Runtime
    app: FastAPI
    http: httpx.AsyncClient
    events: list[CloudEvent]
    """What it and the submissions published."""

    def headers(self, identity: Identity) -> Mapping[str, str]:
        """What the gateway adds to a call of `identity`."""
        return {HEADER: self.runtime.tokens.sign(identity)}

    def _caller(self, identity: Identity) -> Caller:
        return Caller(self.http, lambda: {HEADER: self.runtime.tokens.sign(identity)})

    def user(self, role: Role = Role.ADMIN, tenant: str = TENANT) -> Caller:
        """A user's calls."""
        return self._caller(Identity(kind="user", subject="u1", tenant_id=tenant, roles=(role,)))

    def robot(self, robot_id: str | None = "r1", tenant: str = TENANT) -> Caller:
        """The calls of a robot with a bound key; None: an enrolment key."""
        return self._caller(Identity(kind="robot", subject=f"key-{robot_id}", tenant_id=tenant, robot_id=robot_id))

    def nobody(self) -> Caller:
        """Calls without an identity."""
        return Caller(self.http, dict)

    async def registered(self, robot_id: str = "r1", tenant: str = TENANT, **fields: Any) -> Caller:
        """A registered robot's calls."""
        robot = self.robot(robot_id, tenant)
        body = {"robot_id": robot_id, "name": robot_id, "hostname": "h", "max_concurrent_jobs": 100, **fields}
        answer = await robot.post("/robots/register", body)
        assert answer.status_code == httpx.codes.OK, answer.text
        return robot

    async def submit(self, **fields: Any) -> Job:
        """A job that was accepted."""
        definition = definition_of(TENANT, {"nodes": {}, "connections": []})
        await DefinitionStore(self.runtime.store).put(definition)
        collection = Collection(self.runtime.store, JOBS)
        runtime = self.runtime
        submitter = JobSubmitter(collection, runtime.relay, runtime.clock, runtime.new_id)
        plain: dict[str, Any] = {
            "tenant_id": TENANT,
            "workflow_id": "workflow-1",
            "workflow_name": "Invoices",
            "workflow_version": 1,
            "definition_id": definition.definition_id,
            "priority": 10,
        }
        return await submitter.submit(NewJob(**{**plain, **fields}))

    async def job(self, job_id: str) -> Job:
        """The job as it is stored."""
        document = await Collection(self.runtime.store, JOBS).get(job_id)
        assert document is not None
        return from_document(document)


@asynccontextmanager
async def running_dispatcher(
    store_url: str,
    database: str,
    *,
    clock: Clock | None = None,
    random_parts: Mapping[str, Callable[[], str]] | None = None,
    **settings: Any,
) -> AsyncIterator[Dispatcher]:
    """A dispatcher whose timers look often; time is `clock`'s, by default the store's. `random_parts`: in place of what
    is random otherwise."""
    quick: dict[str, Any] = {
        "mongodb_url": store_url,
        "mongodb_database": database,
        "lease_check_seconds": 0.05,
        "refill_seconds": 0.1,
        "slot_check_seconds": 0.1,
        "offline_check_seconds": 0.1,
        "retry_base_seconds": 1,
    }
    loaded = load(DispatcherSettings, **{**quick, **settings})
    events: list[CloudEvent] = []

    async def keep(event: CloudEvent) -> None:
        events.append(event)

    async with open_runtime(loaded, OUTBOX_COLLECTIONS, clock=clock) as runtime:
        await Consumer({}, otherwise=keep).attach(runtime.bus, Subscription("test", ("#",)))
        app = create_app(loaded, runtime, **(random_parts or {}))
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://dispatcher") as http,
        ):
            yield Dispatcher(runtime, app, http, events)
