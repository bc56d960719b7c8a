"""Services in other processes: what passes over the connections between, and how."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator

import httpx
from starlette.types import Receive, Scope, Send

from tests.component.gateway.relayed import CLAIM, ROBOT, ROBOTS, WORKFLOWS, relaying_to
from tests.component.gateway.running_gateway import RecordingService, StartGateway, answer_with, body_of


async def test_a_request_and_its_answer_pass_unchanged(start_gateway: StartGateway) -> None:
    service = RecordingService()
    async with relaying_to(start_gateway, service) as front:
        sent = {**front.running.bearer(), "X-Lease-Token": "abc", "Content-Type": "application/json"}
        answer = await front.client.put(f"{ROBOT}%20x?a=1%202&b=%2B", content=b'{"name": "R"}', headers=sent)
        assert (answer.status_code, answer.json()) == (200, {})
        assert len(answer.headers.get_list("date")) == len(answer.headers.get_list("server")) == 1
        received = service.last
        assert received.body == b'{"name": "R"}'
        assert received.scope["raw_path"] == b"/api/v1/robots/r1%20x"
        assert received.scope["query_string"] == b"a=1%202&b=%2B"
        assert received.headers["x-lease-token"] == "abc"
        assert received.headers.get_list("content-length") == ["13"]
        assert received.headers["x-forwarded-host"] == front.url.removeprefix("http://")
        assert front.running.runtime.tokens.verify(received.headers["x-casare-identity"]).subject == "ada"
        assert "user-agent" in received.headers


async def test_nothing_is_added_to_a_request_that_the_client_did_not_send(start_gateway: StartGateway) -> None:
    service = RecordingService()
    async with relaying_to(start_gateway, service) as front:
        request = front.client.build_request("POST", CLAIM, headers=front.running.bearer())
        for name in ("accept", "accept-encoding", "user-agent"):
            del request.headers[name]
        assert (await front.client.send(request)).status_code == 200
        assert not {"accept", "accept-encoding", "user-agent", "content-type", "cookie"} & set(service.last.headers)


async def test_connections_to_a_service_are_kept(start_gateway: StartGateway) -> None:
    service = RecordingService()
    async with relaying_to(start_gateway, service) as front:
        for _ in range(5):
            assert (await front.post()).status_code == 200
        assert len({received.scope["client"] for received in service.received}) == 1


async def test_a_compressed_answer_stays_compressed(start_gateway: StartGateway) -> None:
    compressed = gzip.compress(b'{"big": "answer"}')

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await answer_with(send, compressed, content_encoding="gzip")

    async with (
        relaying_to(start_gateway, answer) as front,
        front.client.stream("GET", ROBOTS, headers=front.running.bearer()) as response,
    ):
        assert response.headers["content-encoding"] == "gzip"
        assert b"".join([chunk async for chunk in response.aiter_raw()]) == compressed


async def test_redirects_and_cookies_are_the_clients_to_follow_and_keep(start_gateway: StartGateway) -> None:
    seen: list[str | None] = []

    async def redirect(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(httpx.Headers(scope["headers"]).get("cookie"))
        await answer_with(send, b"", status=302, location="/elsewhere", set_cookie="a=1")

    async with relaying_to(start_gateway, redirect) as front:
        for _ in range(2):
            answer = await front.get()
            front.client.cookies.clear()
            assert (answer.status_code, answer.headers["location"]) == (302, "/elsewhere")
    assert seen == [None, None]


async def test_an_answer_without_content_passes(start_gateway: StartGateway) -> None:
    async def no_content(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with relaying_to(start_gateway, no_content) as front:
        assert (await front.get()).status_code == 204


async def test_both_ways_bytes_pass_while_more_are_to_come(start_gateway: StartGateway) -> None:
    steps: list[str] = []
    first_sent, first_answered = asyncio.Event(), asyncio.Event()

    async def dispatcher(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] == b"first"
        steps.append("service has the first chunk")
        first_sent.set()
        await body_of(receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await first_answered.wait()
        steps.append("service sends the second chunk")
        await send({"type": "http.response.body", "body": b"two"})

    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await first_sent.wait()
        steps.append("client sends the second chunk")
        yield b"second"

    async with (
        relaying_to(start_gateway, dispatcher) as front,
        front.client.stream("PUT", ROBOT, content=chunks(), headers=front.running.bearer()) as response,
    ):
        answer = response.aiter_bytes()
        assert await anext(answer) == b"one"
        steps.append("client has the first chunk")
        first_answered.set()
        assert await anext(answer) == b"two"
    assert steps == [
        "service has the first chunk",
        "client sends the second chunk",
        "client has the first chunk",
        "service sends the second chunk",
    ]


async def test_fifty_megabytes_pass_both_ways_in_little_memory(start_gateway: StartGateway) -> None:
    n_chunks, chunk = 800, b"x" * 65_536

    async def echo_length(scope: Scope, receive: Receive, send: Send) -> None:
        n_bytes = 0
        more = True
        while more:
            message = await receive()
            n_bytes += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-length", b"%d" % n_bytes)]})
        for n in range(n_chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": n + 1 < n_chunks})

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(n_chunks):
            yield chunk

    async with relaying_to(start_gateway, echo_length) as front:
        await front.post()
        tracemalloc.start()
        n_received = 0
        headers = front.running.bearer()
        async with front.client.stream("POST", WORKFLOWS, content=chunks(), headers=headers) as response:
            async for received in response.aiter_raw():
                n_received += len(received)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert response.headers["x-length"] == str(n_chunks * len(chunk))
    assert n_received == n_chunks * len(chunk)
    assert peak_bytes < 10_000_000


async def test_a_service_may_answer_before_it_has_the_whole_body(start_gateway: StartGateway) -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await answer_with(send, b'{"detail": "no"}', status=403)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 65_536

    async with relaying_to(start_gateway, refuse) as front:
        headers = front.running.bearer()
        answer = await front.client.post(WORKFLOWS, content=chunks(), headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"detail": "no"})
