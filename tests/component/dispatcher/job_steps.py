"""Steps of a job's life that many tests begin with."""

from typing import Any

from shared.jobs import Job
from tests.support.dispatcher import Caller, Dispatcher
from tests.support.eventually import eventually


async def claimed(robot: Caller, job_id: str) -> dict[str, Any]:
    """The job `job_id`, once `robot` has been given it; it must be the next one in the queue."""

    async def claim() -> dict[str, Any] | None:
        answer: dict[str, Any] | None = (await robot.post("/jobs/claim", {})).json()
        return answer

    job: dict[str, Any] = await eventually(claim, timeout_seconds=15)
    assert job["job_id"] == job_id
    return job


async def held(dispatcher: Dispatcher, robot: Caller, **fields: Any) -> dict[str, Any]:
    """A job that `robot` has just claimed."""
    return await claimed(robot, (await dispatcher.submit(**fields)).job_id)


async def dead(dispatcher: Dispatcher, robot: Caller, *, error_type: str = "BROKEN", **fields: Any) -> Job:
    """A job that `robot` has just failed for good."""
    job_id = (await held(dispatcher, robot, **fields))["job_id"]
    failure = {"error_message": "no use", "error_type": error_type, "retryable": False}
    answer = await robot.post(f"/jobs/{job_id}/fail", failure)
    assert answer.json()["status"] == "failed", answer.text
    return await dispatcher.job(job_id)
