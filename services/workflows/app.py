"""The workflows service, wired."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import httpx
from fastapi import FastAPI

from services.workflows.adapters.http_schedules import TIMEOUT, HttpSchedules
from services.workflows.adapters.webhook_secrets import DerivedWebhookSecrets
from services.workflows.adapters.webhook_store import WEBHOOK_INDEXES, WEBHOOKS, MongoWebhooks
from services.workflows.adapters.workflow_folder import open_folder
from services.workflows.adapters.workflow_store import WORKFLOW_INDEXES, WORKFLOWS, MongoWorkflows
from services.workflows.api.catalogue_routes import build_catalogue_router
from services.workflows.api.job_routes import build_job_router
from services.workflows.api.routes import build_router
from services.workflows.api.upload_routes import build_upload_router
from services.workflows.api.version_routes import build_version_router
from services.workflows.api.webhook_reveal import WebhookReveal
from services.workflows.api.webhook_routes import WebhookUseCases, build_webhook_router
from services.workflows.background import duties
from services.workflows.settings import WorkflowsSettings
from services.workflows.use_cases.create_webhook import CreateWebhook
from services.workflows.use_cases.delete_webhook import DeleteWebhook
from services.workflows.use_cases.delete_workflow import DeleteWorkflow
from services.workflows.use_cases.get_workflow import GetWorkflow
from services.workflows.use_cases.list_versions import ListVersions
from services.workflows.use_cases.list_webhooks import ListWebhooks
from services.workflows.use_cases.list_workflows import ListWorkflows
from services.workflows.use_cases.purge_webhooks import PurgeWebhooks
from services.workflows.use_cases.receive_delivery import ReceiveDelivery
from services.workflows.use_cases.remove_tombstones import RemoveTombstones
from services.workflows.use_cases.run_batch import RunBatch
from services.workflows.use_cases.run_workflow import RunWorkflow
from services.workflows.use_cases.submit_workflow import SubmitWorkflow
from services.workflows.use_cases.update_workflow import UpdateWorkflow
from shared.jobs import JOBS, DefinitionStore, JobSubmitter
from shared.storage import Collection
from shared.web import create_service_app
from shared.web.idempotency import IDEMPOTENCY_INDEXES, IDEMPOTENCY_KEYS, IdempotentResponses
from shared.web.indexes import ensure_indexes_duty
from shared.web.periodic import running
from shared.web.runtime import Runtime

INDEXES: Final = {WORKFLOWS: WORKFLOW_INDEXES, WEBHOOKS: WEBHOOK_INDEXES, IDEMPOTENCY_KEYS: IDEMPOTENCY_INDEXES}
OUTBOX_COLLECTIONS: Final = (WORKFLOWS, WEBHOOKS, JOBS)
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
    webhooks = MongoWebhooks(runtime.store, runtime.relay, runtime.new_id)
    secrets = DerivedWebhookSecrets(settings.webhook_master_key)
    reveal = WebhookReveal(secrets, settings.public_url)
    create_webhook = CreateWebhook(workflows, webhooks, runtime.clock)
    webhook_use_cases = WebhookUseCases(
        create=create_webhook,
        list=ListWebhooks(workflows, webhooks),
        delete=DeleteWebhook(webhooks, runtime.clock),
        receive=ReceiveDelivery(
            webhooks=webhooks,
            workflows=workflows,
            secrets=secrets,
            jobs=jobs,
            clock=runtime.clock,
            window_seconds=settings.webhook_window_seconds,
        ),
    )
    folder = open_folder(settings.workflows_dir, runtime.registry)
    timed = duties(idempotent, PurgeWebhooks(webhooks, runtime.clock), RemoveTombstones(workflows, runtime.clock))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if own_client is not None:
                stack.push_async_callback(own_client.aclose)
            indexes = ensure_indexes_duty(runtime.store, INDEXES)
            await stack.enter_async_context(running((indexes, *timed), runtime.registry))
            yield

    app = create_service_app(
        name="workflows",
        title="Casare workflows",
        registry=runtime.registry,
        tokens=runtime.tokens,
        checks={"store": runtime.store.ping, "events": runtime.bus.check},
        lifespan=lifespan,
    )
    submit = SubmitWorkflow(workflows, definitions, jobs, schedules, create_webhook, folder, runtime.clock)
    update = UpdateWorkflow(workflows, definitions, folder, runtime.clock)
    delete = DeleteWorkflow(workflows, schedules, folder, runtime.clock)
    run, run_batch = RunWorkflow(workflows, jobs, runtime.clock), RunBatch(workflows, jobs, runtime.clock)
    app.include_router(build_upload_router(submit, idempotent, reveal))
    app.include_router(build_router(submit, GetWorkflow(workflows, definitions), idempotent, reveal))
    app.include_router(build_version_router(update, ListVersions(workflows)))
    app.include_router(build_catalogue_router(ListWorkflows(workflows), delete))
    app.include_router(build_webhook_router(webhook_use_cases, reveal, idempotent))
    app.include_router(build_job_router(run, run_batch, idempotent))
    return app


def _client(url: str) -> httpx.AsyncClient:
    # Of several replicas, as the gateway takes them, any one will do: a call that fails is answered 503 and repeated.
    # Addresses of services are never behind the proxy that the environment may name for the internet.
    first = url.split(",")[0].strip()
    return httpx.AsyncClient(base_url=first, timeout=TIMEOUT, trust_env=False)
