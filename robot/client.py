"""The calls a robot makes."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from casare._address import API, is_this_machine
from casare._problems import problem_in
from casare._retrying import retry_after_seconds
from robot.protocol import (
    AccessRefused,
    CallRejected,
    ClaimedJob,
    HeartbeatAnswer,
    NotHeld,
    Registration,
    TryAgain,
    Unknown,
    report_fields,
    texts_in,
)
from robot.values import encode_json

MAX_RETRY_AFTER_SECONDS = 300.0
LARGE_ANSWER_BYTES = 500_000


class OrchestratorClient:
    """Speaks HTTP to the server. Every method raises one of the ServerErrors when it does not succeed."""

    def __init__(self, *, base_url: str, api_key: str, timeout_seconds: float = 10.0) -> None:
        self._timeout = timeout_seconds
        url = httpx.URL(base_url.rstrip("/").removesuffix(API) + API)
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"X-Api-Key": api_key, "User-Agent": "casare-robot", "Content-Type": "application/json"},
            timeout=timeout_seconds,
            # A company's proxy cannot reach the server of this very machine.
            trust_env=not is_this_machine(base_url),
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def register(self, registration: Registration) -> list[str]:
        """Makes the robot known, or updates what is known of it; returns the ids of the jobs that it holds."""
        return texts_in(await self._call("POST", "/robots/register", registration.body()), "current_job_ids")

    async def heartbeat(self, robot_id: str, reading: Mapping[str, Any]) -> HeartbeatAnswer:
        """Returns what the server has to say. Raises Unknown when the robot has to register again."""
        answer = await self._call("POST", f"/robots/{_segment(robot_id)}/heartbeat", dict(reading))
        return HeartbeatAnswer.parse(answer)

    async def add_logs(self, job: ClaimedJob, entries: list[dict[str, Any]], *, robot_id: str, batch_id: str) -> None:
        """Adds lines to the job's log; the same batch twice adds them once. The key alone may not name the robot."""
        body = {"logs": entries, "batch_id": batch_id, "attempt": job.attempt, "robot_id": robot_id}
        await self._call("POST", _job(job, "logs"), body)

    async def workflow(self, workflow_id: str, version: int | None) -> Any:
        """Returns the definition of a stored workflow."""
        query = "" if version is None else f"?version={version}"
        answer = await self._call("GET", f"/workflows/{_segment(workflow_id)}{query}", None)
        return answer.get("workflow_json") if isinstance(answer, dict) else None

    async def claim(
        self, robot_id: str, *, environment: str, limit: int, visibility_timeout_seconds: int, wait_seconds: int
    ) -> list[object]:
        """Returns up to `limit` jobs as the server describes them, after at most `wait_seconds`."""
        body = {
            "robot_id": robot_id,
            "environment": environment,
            "limit": limit,
            "visibility_timeout_seconds": visibility_timeout_seconds,
            "wait_seconds": wait_seconds,
        }
        answer = await self._call("POST", "/jobs/claim", body, wait_seconds=wait_seconds)
        if not isinstance(answer, dict):
            return []
        jobs = answer.get("jobs")
        return jobs if isinstance(jobs, list) and jobs else [answer]

    async def progress(self, job: ClaimedJob, percent: int, node_id: str | None, message: str | None) -> None:
        """Tells how far the job is."""
        state = report_fields({"progress": percent, "current_node": node_id, "message": message})
        await self._call("PUT", _job(job, "progress"), {**state, **job.guard()})

    async def complete(self, job: ClaimedJob, result: Mapping[str, Any]) -> None:
        """Reports the job as done."""
        await self._call("POST", _job(job, "complete"), {"result": dict(result), **job.guard()})

    async def fail(self, job: ClaimedJob, failure: Mapping[str, Any]) -> None:
        """Reports the job as failed; `failure` as WorkflowError.report() returns it."""
        await self._call("POST", _job(job, "fail"), {**report_fields(failure), **job.guard()})

    async def release(self, job: ClaimedJob) -> None:
        """Gives the job back; the attempt does not count."""
        await self._call("POST", _job(job, "release"), job.guard())

    async def extend_lease(self, job: ClaimedJob, extension_seconds: int) -> bool:
        """Returns whether the job has been cancelled; otherwise its lease ends `extension_seconds` from now."""
        body = {"extension_seconds": extension_seconds, **job.guard()}
        answer = await self._call("POST", _job(job, "extend-lease"), body)
        return isinstance(answer, dict) and answer.get("cancel_requested") is True

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None, *, wait_seconds: float = 0) -> object:
        content = None if body is None else encode_json(body)
        try:
            response = await self._http.request(method, path, content=content, timeout=self._timeout + wait_seconds)
        except httpx.HTTPError as error:
            # The error's own text may hold the address with credentials in it.
            raise TryAgain(f"cannot reach the server ({type(error).__name__})") from error
        _raise_for(response)
        try:
            # A job brings up to 50 MB of workflow (contract clarifications 10).
            large = len(response.content) > LARGE_ANSWER_BYTES
            return await asyncio.to_thread(response.json) if large else response.json()
        except ValueError as error:
            raise TryAgain("the server's answer is not JSON") from error


def _raise_for(response: httpx.Response) -> None:
    status = response.status_code
    if status < 300:
        return
    message = f"{status}: {_detail(response)}"
    if status == 429 or status >= 500:
        raise TryAgain(message, retry_after=_retry_after(response))
    if status in {401, 403}:
        raise AccessRefused(message)
    if status == 404:
        raise Unknown(message)
    if status == 409:
        raise NotHeld(message)
    raise CallRejected(message)


def _detail(response: httpx.Response) -> str:
    problem = problem_in(response)
    return response.reason_phrase if problem is None else str(problem["detail"])[:300]


def _retry_after(response: httpx.Response) -> float | None:
    seconds = retry_after_seconds(response, time.time())
    return None if seconds is None else min(seconds, MAX_RETRY_AFTER_SECONDS)


def _segment(name: str) -> str:
    return quote(name, safe="")


def _job(job: ClaimedJob, verb: str) -> str:
    return f"/jobs/{_segment(job.job_id)}/{verb}"
