"""The workflows service, wired."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import httpx
from fastapi import FastAPI

from services.workflows.adapters.http_schedules import TIMEOUT, HttpSchedules
from services.workflows.adapters.workflow_store import WORKFLOW_INDEXES, WORKFLOWS, MongoWorkflows
from services.workflows.api.routes import build_router
from services.workflows.background import duties
from services.workflows.settings import WorkflowsSettings
from services.workflows.use_cases.get_workflow import GetWorkflow
from services.workflows.use_cases.submit_workflow import SubmitWorkflow
from shared.jobs import JOBS, DefinitionStore, JobSubmitter
from shared.storage import Collection
from shared.web import create_service_app
from shared.web.idempotency import IDEMPOTENCY_INDEXES, IDEMPOTENCY_KEYS, IdempotentResponses
from shared.web.indexes import ensure_indexes_duty
from shared.web.periodic import running
from shared.web.runtime import Runtime

INDEXES: Final = {WORKFLOWS: WORKFLOW_INDEXES, IDEMPOTENCY_KEYS: IDEMPOTENCY_INDEXES}
OUTBOX_COLLECTIONS: Final = (WORKFLOWS, JOBS)
"""Where this service writes events; its process's relay sweeps them."""


def create_app(
    settings: WorkflowsSettings, runtime: Runtime, scheduler_client: httpx.AsyncClient | None = None
) -> FastAPI:
    """The service's application. `scheduler_client` reaches the scheduler in the same process; its owner closes it."""
    own_client = None if scheduler_client else _client(settings.scheduler_url)
    client = scheduler_client or own_client
    assert client is not None
    workflows = MongoWorkflows(runtime.store, runtime.relay, runtime.new_id)
    definitions = DefinitionStore(runtime.store)
    jobs = JobSubmitter(Collection(runtime.store, JOBS), runtime.relay, runtime.clock, runtime.new_id)
    idempotent = IdempotentResponses(runtime.store, runtime.clock, runtime.new_id)
    schedules = HttpSchedules(client, runtime.tokens)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if own_client is not None:
                stack.push_async_callback(own_client.aclose)
            indexes = ensure_indexes_duty(runtime.store, INDEXES)
            await stack.enter_async_context(running((indexes, *duties(idempotent)), runtime.registry))
            yield

    app = create_service_app(
        name="workflows",
        title="Casare workflows",
        registry=runtime.registry,
        tokens=runtime.tokens,
        checks={"store": runtime.store.ping, "events": runtime.bus.check},
        lifespan=lifespan,
    )
    app.include_router(
        build_router(
            submit=SubmitWorkflow(workflows, definitions, jobs, schedules, runtime.clock),
            get=GetWorkflow(workflows, definitions),
            idempotent=idempotent,
        )
    )
    return app


def _client(url: str) -> httpx.AsyncClient:
    # Of several replicas, as the gateway takes them, any one will do: a call that fails is answered 503 and repeated.
    # Addresses of services are never behind the proxy that the environment may name for the internet.
    first = url.split(",")[0].strip()
    return httpx.AsyncClient(base_url=first, timeout=TIMEOUT, trust_env=False)
