"""Waiting for jobs: with few calls, through outages, to an end that is told truly."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from casare import (
    NO_RETRIES,
    AsyncClient,
    Client,
    JobCancelled,
    JobFailed,
    JobTimedOut,
    NotFound,
    Progress,
    WaitTimedOut,
)
from casare._async import watching
from tests.component.casare.server import Asked, ScriptedServer, problem
from tests.support.eventually import eventually
from tests.support.ports import LOOPBACK

CREATED_AT = "2026-01-01T00:00:00Z"


class Jobs:
    """Jobs that the server has; each look at one, or at a list, lets some of them end."""

    def __init__(self, server: ScriptedServer, count: int, looks: int) -> None:
        self.states: dict[str, dict[str, Any]] = {f"j-{n:04}": self._job(f"j-{n:04}") for n in range(count)}
        self.log: list[str] = []
        self._server = server
        self._a_look = max(1, count // looks)
        server.answer = self.answer

    def answer(self, asked: Asked) -> Response:
        if asked.path == "/jobs":
            return self._page(asked)
        job_id = asked.path.split("/")[2]
        if job_id not in self.states:
            return problem(404, "JOB_NOT_FOUND")
        if asked.path.endswith("/logs"):
            return self._log(asked)
        self._end_some([job_id])
        return JSONResponse({**self.states[job_id], "result": {"n": job_id}, "variables": {}})

    def _page(self, asked: Asked) -> Response:
        if "cursor" not in asked.query:
            self._end_some([job_id for job_id, job in self.states.items() if job["status"] == "pending"])
        start, limit = int(asked.query.get("cursor", "0")), int(asked.query["limit"])
        newest_first = list(self.states.values())[::-1]
        more = str(start + limit) if start + limit < len(newest_first) else None
        return JSONResponse({"jobs": newest_first[start : start + limit], "next_cursor": more})

    def _log(self, asked: Asked) -> Response:
        start = int(asked.query.get("cursor", "0"))
        lines = [
            {"seq": start + n, "timestamp": CREATED_AT, "level": "info", "message": text}
            for n, text in enumerate(self.log[start : start + 2])
        ]
        end = start + len(lines)
        cursors = {"next_cursor": str(end) if end < len(self.log) else None, "resume_cursor": str(end)}
        self.log.append(f"line {len(self.log)}")
        return JSONResponse({"logs": lines, **cursors})

    def _end_some(self, pending: list[str]) -> None:
        for job_id in pending[: self._a_look]:
            self.states[job_id]["status"] = "completed"

    def _job(self, job_id: str) -> dict[str, Any]:
        return {"job_id": job_id, "workflow_id": "w-1", "status": "pending", "created_at": CREATED_AT}


async def test_a_thousand_jobs_are_waited_for_with_a_few_pages(server: ScriptedServer, client: AsyncClient) -> None:
    jobs = Jobs(server, count=1000, looks=4)
    seen: list[Progress] = []
    ended = await client.wait_all([client.jobs.handle(job_id) for job_id in jobs.states], on_progress=seen.append)

    assert [record.job_id for record in ended] == list(jobs.states)
    assert {record.status for record in ended} == {"completed"}
    assert [progress.ended for progress in seen] == [250, 500, 750, 1000]
    assert seen[-1].by_status == {"completed": 1000}
    assert len(server.asked) <= 10


async def test_many_that_wait_at_the_same_time_share_their_looks(server: ScriptedServer, client: AsyncClient) -> None:
    jobs = Jobs(server, count=100, looks=2)
    records = await asyncio.gather(*(client.jobs.handle(job_id).wait() for job_id in jobs.states))
    assert {record.status for record in records} == {"completed"}
    assert len(server.asked) <= 10


def test_threads_that_wait_at_the_same_time_share_their_looks(
    server: ScriptedServer, blocking: Callable[..., Client]
) -> None:
    jobs, client = Jobs(server, count=30, looks=2), blocking()
    with ThreadPoolExecutor(30) as pool:
        records = list(pool.map(lambda job_id: client.jobs.handle(job_id).wait(), jobs.states))
    assert {record.status for record in records} == {"completed"}
    assert len(server.asked) <= 20


async def test_a_result_is_read_also_when_the_end_was_seen_in_a_list(
    server: ScriptedServer, client: AsyncClient
) -> None:
    jobs = Jobs(server, count=10, looks=1)
    handles = [client.jobs.handle(job_id) for job_id in jobs.states]
    await client.wait_all(handles)
    assert await handles[3].result() == {"n": "j-0003"}


@pytest.mark.parametrize(
    ("status", "error"), [("failed", JobFailed), ("cancelled", JobCancelled), ("timeout", JobTimedOut)]
)
async def test_a_job_without_a_result_says_what_became_of_it(
    server: ScriptedServer, client: AsyncClient, status: str, error: type[Exception]
) -> None:
    jobs = Jobs(server, count=1, looks=1)
    jobs.states["j-0000"] |= {"error_message": "no such file", "failed_node": "read", "error_type": "FileNotFound"}
    monkey = jobs.states["j-0000"]
    server.answer = lambda _asked: JSONResponse({**monkey, "status": status})
    with pytest.raises(error, match="j-0000") as raised:
        await client.jobs.handle("j-0000").result()
    assert "no such file" in str(raised.value) or status == "cancelled"


async def test_an_outage_is_waited_through(server: ScriptedServer, client: AsyncClient) -> None:
    jobs = Jobs(server, count=1, looks=1)
    server.prepared.extend(problem(503, "STORE_UNAVAILABLE", retry_after="0") for _ in range(12))
    assert (await client.jobs.handle(next(iter(jobs.states))).wait()).status == "completed"


async def test_an_outage_without_end_is_reported(
    server: ScriptedServer, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PATIENCE_SECONDS", 0.0)
    server.answer = lambda _asked: problem(503, "STORE_UNAVAILABLE", retry_after="0")
    with pytest.raises(Exception, match="STORE_UNAVAILABLE"):
        await client.jobs.handle("j-1").wait()


async def test_a_wait_ends_in_time_and_the_job_goes_on(server: ScriptedServer, client: AsyncClient) -> None:
    pending = {"job_id": "j-1", "workflow_id": "w", "status": "pending", "created_at": CREATED_AT}
    server.answer = lambda _asked: JSONResponse(pending)
    with pytest.raises(WaitTimedOut, match=r"j-1 \(pending\)") as raised:
        await client.jobs.handle("j-1").wait(timeout=0.3)
    assert isinstance(raised.value, TimeoutError)


async def test_a_wait_ends_in_time_although_the_server_asks_for_a_longer_one(
    server: ScriptedServer, client: AsyncClient
) -> None:
    server.answer = lambda _asked: problem(429, "RATE_LIMITED", retry_after="20")
    async with asyncio.timeout(10):
        with pytest.raises(WaitTimedOut):
            await client.jobs.handle("j-1").wait(timeout=0.3)


def test_a_wait_ends_in_time_although_the_server_says_nothing_and_another_thread_is_looking() -> None:
    with socket.socket() as silent, ThreadPoolExecutor(2) as threads:
        silent.bind((LOOPBACK, 0))
        silent.listen()
        with Client(f"http://{LOOPBACK}:{silent.getsockname()[1]}", token="t", retries=NO_RETRIES) as client:
            patient = threads.submit(client.jobs.handle("j-1").wait, timeout=6)
            looking, _ = silent.accept()
            with looking:
                began = time.monotonic()
                with pytest.raises(WaitTimedOut):
                    client.jobs.handle("j-2").wait(timeout=0.3)
                assert time.monotonic() - began < 4
                assert not patient.done()
            with pytest.raises(WaitTimedOut):
                patient.result()


async def test_a_job_that_is_gone_disturbs_nobody_else_who_waits(server: ScriptedServer, client: AsyncClient) -> None:
    Jobs(server, count=2, looks=1)
    handles = [client.jobs.handle(job_id) for job_id in ("j-0000", "gone", "j-0001")]
    outcomes = await asyncio.gather(*(handle.wait() for handle in handles), return_exceptions=True)
    assert [getattr(outcome, "status", None) for outcome in outcomes] == ["completed", 404, "completed"]
    assert isinstance(outcomes[1], NotFound)


async def test_a_log_is_followed_to_the_jobs_end(server: ScriptedServer, client: AsyncClient) -> None:
    jobs = Jobs(server, count=1, looks=1)
    jobs.log = ["line 0", "line 1", "line 2"]
    lines = [line.message async for line in client.jobs.handle("j-0000").logs(follow=True)]
    assert lines[:4] == ["line 0", "line 1", "line 2", "line 3"]
    assert lines == [f"line {n}" for n in range(len(lines))]


async def test_a_log_is_followed_through_an_outage(server: ScriptedServer, client: AsyncClient) -> None:
    jobs = Jobs(server, count=1, looks=1)
    jobs.log = ["line 0"]
    server.prepared.extend(problem(503, "STORE_UNAVAILABLE", retry_after="0") for _ in range(6))
    lines = [line.message async for line in client.jobs.handle("j-0000").logs(follow=True)]
    assert lines == [f"line {n}" for n in range(len(lines))]


async def test_a_wait_that_is_cancelled_is_forgotten(server: ScriptedServer, client: AsyncClient) -> None:
    pending = {"job_id": "j-1", "workflow_id": "w", "status": "pending", "created_at": CREATED_AT}
    server.answer = lambda _asked: JSONResponse(pending)
    waiting = asyncio.create_task(client.jobs.handle("j-1").wait())
    await eventually(lambda: server.asked)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert client._work.watcher._missing() == set()


async def test_a_log_that_is_not_followed_ends_with_what_there_is(server: ScriptedServer, client: AsyncClient) -> None:
    jobs = Jobs(server, count=1, looks=1)
    jobs.log = ["line 0"]
    assert [line.message async for line in client.jobs.handle("j-0000").logs()] == ["line 0"]
