"""Scheduled submissions while the scheduler is down, before or in the middle of them."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from services.scheduler.app import create_app as create_scheduler
from services.scheduler.settings import SchedulerSettings
from shared.config import load
from tests.component.workflows.service import assert_nothing_stored, body, open_workflows
from tests.support.clock import ManualClock
from tests.support.service import assert_problem

SCHEDULED = body(trigger_type="scheduled", schedule_cron="0 9 * * *")


class FlakyScheduler:
    """A scheduler that cannot be reached, or answers 500, on the paths in `broken`."""

    def __init__(self, failure: str) -> None:
        self.broken = {"/internal/schedules", "/internal/schedules/preview"}
        self.sound: ASGIApp | None = None
        self._failure = failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if Request(scope).url.path in self.broken:
            if self._failure == "unreachable":
                raise httpx.ConnectError("refused")
            await JSONResponse({"detail": "no"}, status_code=500)(scope, receive, send)
            return
        assert self.sound is not None
        await self.sound(scope, receive, send)


@pytest.mark.parametrize("failure", ["unreachable", "500"])
async def test_nothing_is_stored_while_the_scheduler_is_down(
    store_url: str, database_name: str, clock: ManualClock, failure: str
) -> None:
    async with open_workflows(store_url, database_name, clock, FlakyScheduler(failure)) as workflows:
        async with workflows.client() as client:
            response = await client.post("/api/v1/workflows", json=SCHEDULED)
        assert_problem(response, 503, "UNAVAILABLE")
        assert "Retry-After" in response.headers
        await assert_nothing_stored(workflows)


@pytest.mark.parametrize("failure", ["unreachable", "500"])
async def test_a_repeat_completes_what_an_outage_cut_short(
    store_url: str, database_name: str, clock: ManualClock, failure: str
) -> None:
    flaky = FlakyScheduler(failure)
    async with open_workflows(store_url, database_name, clock, flaky) as workflows:
        settings = load(SchedulerSettings)
        flaky.sound = create_scheduler(settings, workflows.runtime.with_own_registry())
        flaky.broken = {"/internal/schedules"}
        async with workflows.client() as client:
            cut_short = await client.post("/api/v1/workflows", json=SCHEDULED, headers={"Idempotency-Key": "k1"})
            assert_problem(cut_short, 503, "UNAVAILABLE")
            [left] = await workflows.documents("workflows")
            assert await workflows.documents("schedules") == []
            flaky.broken = set()
            repeat = await client.post("/api/v1/workflows", json=SCHEDULED, headers={"Idempotency-Key": "k1"})
        assert repeat.status_code == 200
        assert repeat.json()["workflow_id"] == left["_id"]
        [schedule] = await workflows.documents("schedules")
        assert repeat.json()["schedule_id"] == schedule["_id"]
        assert len(await workflows.documents("workflows")) == 1
