"""The workflows service while the store is down: it starts, says so, and does not crash."""

import asyncio
from dataclasses import replace

from services.workflows.app import create_app
from services.workflows.settings import WorkflowsSettings
from shared.config import load
from shared.storage import connect
from tests.component.workflows.service import Workflows, body
from tests.support.eventually import eventually
from tests.support.ports import LOOPBACK, free_port
from tests.support.service import assert_problem

WORKFLOW_ID = "550e8400-e29b-41d4-a716-446655440000"
DUTIES = ("ensure-indexes", "purge-idempotency-keys", "purge-webhooks")


async def test_it_starts_and_answers_503_while_the_store_is_down(workflows: Workflows) -> None:
    async with connect(f"mongodb://{LOOPBACK}:{free_port()}", "nowhere") as nowhere:
        runtime = replace(workflows.runtime.with_own_registry(), store=nowhere)
        workflows.app = create_app(load(WorkflowsSettings), runtime)
        async with workflows.app.router.lifespan_context(workflows.app), workflows.client() as client:
            assert (await client.get("/health/live")).status_code == 200
            ready, created, listed = await asyncio.gather(
                client.get("/health/ready"),
                client.post("/api/v1/workflows", json=body()),
                client.get(f"/api/v1/workflows/{WORKFLOW_ID}"),
            )
            assert (ready.status_code, ready.json()["checks"]["events"]) == (503, "ok")
            for response in (created, listed):
                assert_problem(response, 503, "UNAVAILABLE")
                assert "Retry-After" in response.headers

            async def every_duty_failed_and_went_on() -> bool:
                text = (await client.get("/metrics")).text
                return all(f'casare_duty_failures_total{{duty="{duty}"}}' in text for duty in DUTIES)

            await eventually(every_duty_failed_and_went_on, timeout_seconds=10)
