"""Calls: repeated where that is safe, with one idempotency key; lists page by page."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from starlette.responses import JSONResponse, Response

from casare import (
    AsyncClient,
    Client,
    ConnectionFailed,
    InvalidInput,
    NotFound,
    RateLimited,
    Retries,
    Run,
    Unavailable,
)
from tests.component.casare.server import Asked, ScriptedServer, problem

CREATED = {"job_id": "j-1", "workflow_id": "w-1", "status": "pending", "created_at": "2026-01-01T00:00:00Z"}


async def test_a_creation_keeps_its_key_over_retries_and_cut_connections(
    server: ScriptedServer, client: AsyncClient
) -> None:
    server.prepared.extend([problem(503, "STORE_UNAVAILABLE"), None, problem(429, "LIMITED", retry_after="0")])
    server.answer = lambda _asked: JSONResponse(CREATED)

    job = await client.submit("w-1", variables={"customer": 4711})

    assert job.id == "j-1"
    assert len(server.asked) == 4
    keys = {asked.headers["idempotency-key"] for asked in server.asked}
    assert len(keys) == 1
    assert {json.dumps(asked.body) for asked in server.asked} == {
        '{"workflow_id": "w-1", "variables": {"customer": 4711}}'
    }


async def test_two_creations_have_two_keys_and_ones_own_is_sent_as_it_is(
    server: ScriptedServer, client: AsyncClient
) -> None:
    server.answer = lambda _asked: JSONResponse(CREATED)
    for key in (None, None, "mine"):
        await client.submit("w-1", idempotency_key=key)
    keys = [asked.headers["idempotency-key"] for asked in server.asked]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


async def test_a_server_that_stays_away_is_reported_after_all_tries(server: ScriptedServer, url: str) -> None:
    server.prepared.extend([problem(503, "STORE_UNAVAILABLE", retry_after="0") for _ in range(9)])
    async with AsyncClient(url, token="t", retries=Retries(tries=3, first_wait_seconds=0.01)) as client:
        with pytest.raises(Unavailable, match="STORE_UNAVAILABLE") as raised:
            await client.whoami()
    assert raised.value.retry_after == 0
    assert len(server.asked) == 3


async def test_a_long_wait_is_not_waited_for(server: ScriptedServer, client: AsyncClient) -> None:
    server.prepared.append(problem(429, "LIMITED", retry_after="3600"))
    with pytest.raises(RateLimited, match="60 min") as raised:
        await client.whoami()
    assert raised.value.retry_after == 3600
    assert len(server.asked) == 1


async def test_nobody_there_is_a_failed_connection(url: str) -> None:
    async with AsyncClient("http://127.0.0.1:9", token="t", retries=Retries(tries=2, first_wait_seconds=0.01)) as gone:
        with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:9"):
            await gone.whoami()


async def test_a_refusal_is_told_with_its_fields_and_not_repeated(server: ScriptedServer, client: AsyncClient) -> None:
    body = {"detail": "Bad.", "code": "INVALID_INPUT", "errors": [{"field": "limit", "message": "too large"}]}
    server.answer = lambda _asked: JSONResponse(body, 400)
    with pytest.raises(InvalidInput, match="limit too large") as raised:
        await client.metrics.fleet()
    assert raised.value.errors[0].field == "limit"
    assert len(server.asked) == 1


async def test_a_thousand_runs_are_one_call_and_more_are_several_with_keys_of_their_own(
    server: ScriptedServer, client: AsyncClient
) -> None:
    def answer(asked: Asked) -> Response:
        assert asked.body is not None
        return JSONResponse({"jobs": [{**CREATED, "job_id": run["variables"]["n"]} for run in asked.body["jobs"]]})

    server.answer = answer
    jobs = await client.submit_batch([Run("w-1", variables={"n": str(n)}) for n in range(2500)], idempotency_key="k")
    assert [job.id for job in jobs] == [str(n) for n in range(2500)]
    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["k-0", "k-1", "k-2"]


async def test_pages_are_read_when_they_are_needed(server: ScriptedServer, client: AsyncClient) -> None:
    def answer(asked: Asked) -> Response:
        number = int(asked.query.get("cursor", "0"))
        jobs = [{**CREATED, "job_id": f"j-{number + n}"} for n in range(2)]
        return JSONResponse({"jobs": jobs, "next_cursor": str(number + 2) if number < 4 else None})

    server.answer = answer
    seen = []
    async for job in client.jobs.list(status="pending", page_size=2):
        seen.append(job.id)
        if job.id == "j-2":
            break
    assert seen == ["j-0", "j-1", "j-2"]
    assert [asked.query for asked in server.asked] == [
        {"status": "pending", "limit": "2"},
        {"status": "pending", "limit": "2", "cursor": "2"},
    ]
    assert len([job async for job in client.jobs.list()]) == 6


async def test_numbered_lists_end_with_their_total(server: ScriptedServer, client: AsyncClient) -> None:
    def answer(asked: Asked) -> Response:
        offset = int(asked.query["offset"])
        tenants = [
            {"tenant_id": f"t-{n}", "name": "", "disabled": False, "created_at": CREATED["created_at"]}
            for n in range(offset, min(offset + 2, 3))
        ]
        return JSONResponse({"tenants": tenants, "total": 3})

    server.answer = answer
    assert [tenant.tenant_id async for tenant in client.tenants.list(page_size=2)] == ["t-0", "t-1", "t-2"]


def test_both_faces_do_the_same(server: ScriptedServer, blocking: Callable[..., Client]) -> None:
    server.prepared.extend([problem(503, "STORE_UNAVAILABLE"), None])
    server.answer = lambda _asked: JSONResponse(CREATED)
    job = blocking().submit("w-1")
    assert job.record is not None
    assert job.record.created_at == datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1


def test_ids_cannot_lead_to_other_paths(server: ScriptedServer, blocking: Callable[..., Client]) -> None:
    server.answer = lambda _asked: problem(404, "JOB_NOT_FOUND")
    with pytest.raises(NotFound):
        blocking().jobs.get("../users/ann?x=1#y")
    assert [asked.path for asked in server.asked] == ["/jobs/..%2Fusers%2Fann%3Fx%3D1%23y"]


def test_a_proxy_is_not_used_for_this_machine(
    server: ScriptedServer, blocking: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.answer = lambda _asked: JSONResponse({"user_id": "ann", "roles": [], "tenant_id": "t"})
    assert blocking().whoami().user_id == "ann"


def test_a_command_reaches_its_robot(server: ScriptedServer, blocking: Callable[..., Client]) -> None:
    server.answer = lambda _asked: JSONResponse({"robot_id": "r-1", "command": "drain", "status": "maintenance"})
    assert blocking().robots.command("r-1", "drain").status == "maintenance"
    assert [(asked.method, asked.path, asked.body) for asked in server.asked] == [
        ("POST", "/robots/r-1/commands", {"command": "drain"})
    ]
