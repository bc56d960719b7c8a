"""A running metrics service, and what the dispatcher would have stored and published."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec
from fastapi import FastAPI

from services.dispatcher.domain.robot import Robot
from services.dispatcher.domain.robot import to_document as robot_to_document
from services.metrics.app import OUTBOX_COLLECTIONS, create_app
from services.metrics.settings import MetricsSettings
from shared.config import load
from shared.events import CloudEvent, EventData, encode, wrap
from shared.events.jobs import JobCompleted, JobFinished
from shared.jobs import JOB_INDEXES, JOBS, Job, JobStatus, Requirements, queue_position
from shared.jobs.fleet import ROBOTS, Condition, robot_document_id
from shared.jobs.job import to_document as job_to_document
from shared.jobs.position import place
from shared.kernel.identity import Identity
from shared.kernel.ids import new_id
from shared.kernel.permissions import Role
from shared.messaging.bus import Message
from shared.web.runtime import Runtime, open_runtime
from shared.web.tokens import HEADER
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

VIEWER: Final = Identity(kind="user", subject="u1", tenant_id="default", roles=(Role.VIEWER,))
FOREIGNER: Final = Identity(kind="user", subject="u2", tenant_id="elsewhere", roles=(Role.ADMIN,))
ENROLMENT_KEY: Final = Identity(kind="robot", subject="k1", tenant_id="default")


@dataclass(frozen=True, slots=True)
class Metrics:
    """The service over HTTP, with the store and the bus that others fill."""

    http: httpx.AsyncClient
    runtime: Runtime
    clock: ManualClock
    app: FastAPI

    async def get(self, path: str, caller: Identity | None = VIEWER, **params: Any) -> httpx.Response:
        """The answer to a GET under `/api/v1/metrics`."""
        headers = {} if caller is None else {HEADER: self.runtime.tokens.sign(caller)}
        return await self.http.get(f"/api/v1/metrics{path}", headers=headers, params=params)

    async def read(self, path: str, caller: Identity = VIEWER, **params: Any) -> Any:
        """The body of a 200 answer."""
        answer = await self.get(path, caller, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def store_jobs(self, *jobs: Job) -> None:
        """Put jobs where the dispatcher keeps them."""
        await self.runtime.store.ensure_indexes(JOBS, JOB_INDEXES)
        await self.runtime.store.collection(JOBS).insert_many([job_to_document(job) for job in jobs])

    async def store_robots(self, *robots: Robot) -> None:
        """Put robots where the dispatcher keeps them."""
        await self.runtime.store.collection(ROBOTS).insert_many([robot_to_document(robot) for robot in robots])

    async def publish(self, *events: CloudEvent) -> None:
        """Publish, and wait until every subscription has handled them."""
        messages = [Message(event.id, event.type, encode(event)) for event in events]
        assert all(await self.runtime.bus.publish(messages))

    def event(self, data: EventData, *, subject: str, tenant_id: str = "default", version: int = 1) -> CloudEvent:
        """`data` as an event of now."""
        at_ms = self.clock.now_ms()
        return wrap(data, event_id=new_id(), subject=subject, tenant_id=tenant_id, version=version, at_ms=at_ms)

    def job_end(
        self, model: type[JobFinished] = JobCompleted, *, tenant_id: str = "default", **data: Any
    ) -> CloudEvent:
        """The terminal event of a job that took a second on `r-1` and ended now."""
        job_id = data.setdefault("job_id", new_id())
        given = {"workflow_id": "w-1", "workflow_name": "Invoices", "status": "completed", "robot_id": "r-1"}
        times = {"finished_ms": self.clock.now_ms(), "duration_ms": 1_000}
        return self.event(model(**{**given, **times, **data}), subject=job_id, tenant_id=tenant_id)

    async def roll_up(self, n_facts: int) -> None:
        """Wait until the duty has rolled up `n_facts` facts since the start."""

        def has_rolled() -> bool:
            return self.counted("casare_metrics_facts_rolled_total") >= n_facts

        await eventually(has_rolled)

    def counted(self, name: str, **labels: str) -> float:
        """A figure of the service's own registry."""
        return self.runtime.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def open_metrics(store_url: str, database: str, clock: ManualClock, **values: Any) -> AsyncIterator[Metrics]:
    """One replica on an in-process bus."""
    quick = {"roll_up_every_seconds": 0.02, "event_linger_seconds": 0}
    given = {"mongodb_url": store_url, "mongodb_database": database, **quick}
    settings = load(MetricsSettings, **{**given, **values})
    async with open_runtime(settings, OUTBOX_COLLECTIONS, clock=clock) as runtime:
        app = create_app(settings, runtime)
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as http,
        ):
            yield Metrics(http, runtime, clock, app)


def robot_of(robot_id: str, now_ms: int, *, tenant_id: str = "default", **values: Any) -> Robot:
    """A registered, idle robot that was heard just now."""
    given: dict[str, Any] = {
        "document_id": robot_document_id(tenant_id, robot_id),
        "version": 1,
        "name": f"Robot {robot_id}",
        "hostname": "host",
        "condition": Condition.OK,
        "last_seen_ms": now_ms,
        "last_heartbeat_ms": now_ms,
        "created_ms": now_ms,
    }
    return Robot(tenant_id=tenant_id, robot_id=robot_id, **{**given, **values})


def job_of(job_id: str, status: JobStatus, created_ms: int, *, tenant_id: str = "default", **values: Any) -> Job:
    """A job as it is stored in `status`; a pending one stands in the queue."""
    position = queue_position(tenant_id, Requirements(), 10, created_ms, job_id)
    given: dict[str, Any] = {
        "version": 1, "workflow_id": "w-1", "workflow_name": "Invoices", "workflow_version": 1, "definition_id": "d",
        "priority": 10, "requirements": Requirements(), "updated_ms": created_ms, "run_at_ms": created_ms,
        "place": place(tenant_id, created_ms, job_id),
        "queue_position": position if status is JobStatus.PENDING else None,
    }  # fmt: skip
    return Job(job_id=job_id, tenant_id=tenant_id, status=status, created_ms=created_ms, **{**given, **values})


def doubled_and_shuffled(events: Sequence[CloudEvent], seed: int = 1) -> list[CloudEvent]:
    """Every event twice, in a fixed disorder."""
    twice = [*events, *events]
    random.Random(seed).shuffle(twice)
    return twice


def with_data(event: CloudEvent, data: bytes) -> CloudEvent:
    """The event with other data."""
    return msgspec.structs.replace(event, data=msgspec.Raw(data))
