"""The scheduler while the store is down: it starts, says so, and does not crash."""

import asyncio
from dataclasses import replace

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.config import load
from shared.storage import connect
from tests.component.scheduler.service import Scheduler, body
from tests.support.eventually import eventually
from tests.support.ports import LOOPBACK, free_port
from tests.support.service import assert_problem

DUTIES = ("ensure-indexes", "fire-due-schedules", "purge-idempotency-keys", "remove-deleted-schedules")


async def test_it_starts_and_answers_503_while_the_store_is_down(scheduler: Scheduler) -> None:
    async with connect(f"mongodb://{LOOPBACK}:{free_port()}", "nowhere") as nowhere:
        runtime = replace(scheduler.runtime.with_own_registry(), store=nowhere)
        scheduler.app = create_app(load(SchedulerSettings), runtime)
        async with scheduler.app.router.lifespan_context(scheduler.app), scheduler.client() as client:
            assert (await client.get("/health/live")).status_code == 200
            ready, created, listed = await asyncio.gather(
                client.get("/health/ready"),
                client.post("/api/v1/schedules", json=body()),
                client.get("/api/v1/schedules"),
            )
            assert (ready.status_code, ready.json()["checks"]["events"]) == (503, "ok")
            for response in (created, listed):
                assert_problem(response, 503, "UNAVAILABLE")
                assert "Retry-After" in response.headers

            async def every_duty_failed_and_went_on() -> bool:
                text = (await client.get("/metrics")).text
                return all(f'casare_duty_failures_total{{duty="{duty}"}}' in text for duty in DUTIES)

            await eventually(every_duty_failed_and_went_on, timeout_seconds=10)
