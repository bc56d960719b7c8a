"""Caps and time limits of request bodies, on a real server."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tests.component.gateway.running_gateway import Running, StartGateway, answer_with, body_of
from tests.support.http_server import serving

ROBOT = "/api/v1/robots/r1"


async def chunks(n_bytes: int, chunk: bytes = b"x" * 65_536) -> AsyncIterator[bytes]:
    for _ in range(n_bytes // len(chunk)):
        yield chunk


async def answer_to(url: str, request: bytes) -> bytes:
    """All that the server sends back to these bytes, until it closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def head_of(running: Running, *headers: str, path: str = ROBOT) -> bytes:
    lines = [f"PUT {path} HTTP/1.1", "Host: orchestrator", *headers]
    lines += [f"{name}: {value}" for name, value in running.bearer().items()]
    return "\r\n".join([*lines, "", ""]).encode()


async def test_a_length_over_the_cap_is_refused_before_the_body_is_sent(running: Running) -> None:
    async with serving(running.gateway) as url:
        answer = await answer_to(url, head_of(running, "Content-Length: 1000001", "Expect: 100-continue"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"BODY_TOO_LARGE" in answer
    assert b"100 Continue" not in answer
    assert running.service.received == []


async def test_a_body_at_the_cap_is_taken(running: Running) -> None:
    async with serving(running.gateway) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.put(ROBOT, content=b"x" * 1_000_000, headers=running.bearer())
    assert answer.status_code == 200
    assert len(running.service.last.body) == 1_000_000


@pytest.mark.parametrize("n_bytes", [2_000_000, 20_000_000])
async def test_a_client_that_sends_too_much_is_told_so_and_not_cut_off(running: Running, n_bytes: int) -> None:
    async with serving(running.gateway) as url, httpx.AsyncClient(base_url=url) as client:
        known = await client.put(ROBOT, content=b"x" * n_bytes, headers=running.bearer())
        chunked = await client.put(ROBOT, content=chunks(n_bytes), headers=running.bearer())
    for answer in (known, chunked):
        assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
        assert answer.headers["connection"] == "close"
        assert answer.headers["x-ratelimit-limit"] == "60"
    assert running.service.received == []


async def test_what_a_service_makes_of_a_body_it_was_not_given_does_not_matter(running: Running) -> None:
    async def answer_bad_request(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(Exception):
            await body_of(receive)
        await answer_with(send, b"{}", status=400)

    running.service.answer = answer_bad_request
    async with serving(running.gateway) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.put(ROBOT, content=chunks(2_000_000), headers=running.bearer())
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_workflow_may_be_larger_than_other_bodies(running: Running) -> None:
    async with serving(running.gateway) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        taken = await client.post("/api/v1/workflows", content=b"x" * 50_000_000, headers=running.bearer())
        refused = await client.post("/api/v1/workflows", content=b"x" * 60_000_001, headers=running.bearer())
    assert taken.status_code == 200
    assert len(running.service.last.body) == 50_000_000
    assert refused.status_code == 413


async def test_a_body_that_does_not_arrive_in_time_ends_with_its_connection(start_gateway: StartGateway) -> None:
    async with start_gateway(body_timeout_seconds=0.2) as running, serving(running.gateway) as url:
        answer = await answer_to(url, head_of(running, "Content-Length: 10") + b"12345")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer.lower()
    assert running.service.received == []


async def test_a_compressed_body_is_refused(running: Running) -> None:
    compressed = gzip.compress(b"{}" * 1000)
    async with serving(running.gateway) as url, httpx.AsyncClient(base_url=url) as client:
        headers = {**running.bearer(), "Content-Encoding": "gzip"}
        answer = await client.put(ROBOT, content=compressed, headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert running.service.received == []


async def test_without_a_credential_a_large_body_is_not_read_at_all(running: Running) -> None:
    async with serving(running.gateway) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/api/v1/workflows", content=chunks(5_000_000))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/api/v1/robots/\xff", b"400"),
        (b"/api/v1/robots/\xc3\xa4", b"400"),
        (b"/api/v1/../internal/jwks", b"404"),
        (b"/api/v1/robots/..", b"404"),
        (b"/api/v1/robots/..%2F..%2Finternal", b"404"),
        (b"http://orchestrator/internal/jwks", b"404"),
        (b"*", b"404"),
    ],
)
async def test_a_request_line_that_no_client_library_would_send_reaches_no_service(
    running: Running, target: bytes, status: bytes
) -> None:
    head = head_of(running, "Connection: close", path="/TARGET").replace(b"/TARGET", target).replace(b"PUT", b"GET", 1)
    async with serving(running.gateway) as url:
        answer = await answer_to(url, head)
    assert answer.split(b" ")[1] == status
    assert running.service.received == []
