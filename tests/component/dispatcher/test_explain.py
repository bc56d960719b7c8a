"""GET /jobs/{job_id}/explain."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.jobs import Requirements
from shared.kernel.permissions import Role
from tests.component.dispatcher.job_steps import dead, held
from tests.support.clock import ManualClock
from tests.support.dispatcher import Dispatcher, running_dispatcher


@pytest.fixture
async def dispatcher(store_url: str, database_name: str) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=ManualClock()) as dispatcher:
        yield dispatcher


async def explained(dispatcher: Dispatcher, job_id: str) -> dict[str, Any]:
    answer = await dispatcher.user(Role.VIEWER).get(f"/jobs/{job_id}/explain")
    assert answer.status_code == 200, answer.text
    explanation: dict[str, Any] = answer.json()
    return explanation


async def test_a_job_without_a_suitable_robot_is_told_what_is_missing(dispatcher: Dispatcher) -> None:
    await dispatcher.registered("r1", capabilities=["browser"])
    await dispatcher.registered("r2", environment="staging", capabilities=["sap"])
    job = await dispatcher.submit(requirements=Requirements(capabilities=("browser", "sap")))
    assert await explained(dispatcher, job.job_id) == {
        "job_id": job.job_id,
        "status": "pending",
        "pending": True,
        "reasons": [
            {
                "code": "MISSING_CAPABILITY",
                "message": "1 of 1 robots lack capabilities it needs: sap.",
                "until": None,
                "missing": {"sap": 1},
                "robots": [{"robot_id": "r1", "missing": ["sap"]}],
            }
        ],
        "robots": {"registered": 2, "matching": 0, "available": 0},
        "queue_ahead": 0,
    }


async def test_a_job_behind_others_is_told_how_many(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered(max_concurrent_jobs=1)
    holding = (await held(dispatcher, robot))["job_id"]
    last = await dispatcher.submit(priority=20)
    for _ in range(3):
        await dispatcher.submit(priority=1)
    await dispatcher.submit(priority=1, requirements=Requirements(tags=("other",)))
    explanation = await explained(dispatcher, last.job_id)
    assert [reason["code"] for reason in explanation["reasons"]] == ["ALL_BUSY", "BEHIND_OTHERS"]
    assert explanation["queue_ahead"] == 3
    assert explanation["robots"] == {"registered": 1, "matching": 1, "available": 0}
    (reason,) = (await explained(dispatcher, holding))["reasons"]
    assert (reason["code"], reason["message"]) == ("HELD", "Robot r1 holds it on attempt 1.")


async def test_an_ended_job_is_told_how(dispatcher: Dispatcher) -> None:
    job = await dead(dispatcher, await dispatcher.registered())
    explanation = await explained(dispatcher, job.job_id)
    assert explanation["pending"] is False
    (reason,) = explanation["reasons"]
    assert (reason["code"], reason["message"]) == ("ENDED", "It ended as failed: no use.")


async def test_a_job_that_is_not_here_is_404(dispatcher: Dispatcher) -> None:
    job = await dispatcher.submit()
    for answer in (
        await dispatcher.user().get("/jobs/unknown/explain"),
        await dispatcher.user(tenant="elsewhere").get(f"/jobs/{job.job_id}/explain"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "JOB_NOT_FOUND")
    assert (await dispatcher.robot().get(f"/jobs/{job.job_id}/explain")).status_code == 403
