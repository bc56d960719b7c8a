"""Services in other processes, and clients: either may go away at any moment."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import generate_latest
from starlette.types import Receive, Scope, Send

from tests.component.gateway.relayed import CLAIM, ROBOT, ROBOTS, front_of, relaying_to
from tests.component.gateway.running_gateway import RecordingService, StartGateway, body_of
from tests.support.eventually import eventually
from tests.support.http_server import serving
from tests.support.ports import LOOPBACK, free_port
from tests.support.tcp_proxy import TcpProxy


async def test_a_service_that_is_down_is_a_503_that_says_when_to_come_back(start_gateway: StartGateway) -> None:
    async with front_of(start_gateway, f"http://{LOOPBACK}:{free_port()}") as front:
        for answer in (await front.get(), await front.post()):
            assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
            assert int(answer.headers["retry-after"]) >= 1
            assert str(LOOPBACK) not in answer.text


async def test_a_service_that_is_silent_too_long_counts_as_down(start_gateway: StartGateway) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        while (await receive())["type"] != "http.disconnect":
            pass

    async with serving(silent) as url, front_of(start_gateway, url, timeout_seconds=0.2) as front:
        assert (await front.post()).status_code == 503


async def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(start_gateway: StartGateway) -> None:
    half_sent = asyncio.Event()

    async def answer_half(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [] if scope["method"] == "POST" else [(b"content-length", b"10")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        half_sent.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with (
        serving(answer_half) as url,
        TcpProxy(int(url.rpartition(":")[2])) as proxy,
        front_of(start_gateway, f"http://{LOOPBACK}:{proxy.port}") as front,
    ):
        for method, path in (("GET", ROBOTS), ("POST", CLAIM)):
            half_sent.clear()
            async with front.client.stream(method, path, headers=front.running.bearer()) as response:
                parts = response.aiter_bytes()
                assert await anext(parts) == b"half"
                await half_sent.wait()
                proxy.reset()
                with pytest.raises(httpx.RemoteProtocolError):
                    await anext(parts)


async def test_a_client_that_leaves_is_noticed_by_the_service(start_gateway: StartGateway) -> None:
    waiting, left = asyncio.Event(), asyncio.Event()

    async def long_poll(scope: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        waiting.set()
        assert (await receive())["type"] == "http.disconnect"
        left.set()

    async with relaying_to(start_gateway, long_poll) as front:
        request = asyncio.create_task(front.post())
        await waiting.wait()
        request.cancel()
        async with asyncio.timeout(5):
            await left.wait()
        registry = front.running.runtime.registry
        await eventually(lambda: b'status="499"' in generate_latest(registry))


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_noticed_too(start_gateway: StartGateway) -> None:
    begun, left = asyncio.Event(), asyncio.Event()

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            begun.set()
        left.set()

    async def endless() -> AsyncIterator[bytes]:
        yield b"some"
        await asyncio.get_running_loop().create_future()

    async with relaying_to(start_gateway, read) as front:
        headers = front.running.bearer()
        request = asyncio.create_task(front.client.put(ROBOT, content=endless(), headers=headers))
        await begun.wait()
        request.cancel()
        async with asyncio.timeout(5):
            await left.wait()


async def test_a_body_over_the_cap_is_cut_off_from_the_service_as_well(start_gateway: StartGateway) -> None:
    whole: list[bool] = []

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        while message.get("more_body"):
            message = await receive()
        whole.append(message["type"] == "http.request")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    async with relaying_to(start_gateway, read) as front:
        answer = await front.client.put(ROBOT, content=chunks(), headers=front.running.bearer())
        assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
        await eventually(lambda: whole == [False])


class OneAnswerPerConnection:
    """Says it keeps connections, and hangs up without a word when one is used again."""

    def __init__(self) -> None:
        self.n_requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")
        await writer.drain()
        await self._read_request(reader)
        writer.close()
        await writer.wait_closed()

    async def _read_request(self, reader: asyncio.StreamReader) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        self.n_requests += 1
        length = re.search(rb"content-length: (\d+)", head.lower())
        await reader.readexactly(int(length[1]) if length else 0)


@pytest.mark.parametrize(
    ("method", "path", "status", "n_requests"),
    [("GET", ROBOTS, 200, 3), ("PUT", ROBOT, 200, 3), ("POST", CLAIM, 503, 2)],
)
async def test_a_kept_connection_that_turns_out_dead_costs_only_what_cannot_be_repeated(
    start_gateway: StartGateway, method: str, path: str, status: int, n_requests: int
) -> None:
    service = OneAnswerPerConnection()
    async with await asyncio.start_server(service.serve, LOOPBACK, 0) as server:
        url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        async with front_of(start_gateway, url) as front:
            content = None if method == "GET" else b'{"name": "R"}'
            answers = [
                await front.client.request(method, path, content=content, headers=front.running.bearer())
                for _ in range(2)
            ]
    assert [answer.status_code for answer in answers] == [200, status]
    assert service.n_requests == n_requests


async def test_replicas_take_turns_and_a_dead_one_costs_no_request(start_gateway: StartGateway) -> None:
    one, other = RecordingService(), RecordingService()
    dead = f"http://{LOOPBACK}:{free_port()}"
    async with (
        serving(one) as first,
        serving(other) as second,
        front_of(start_gateway, f"{first}, {dead}, {second}") as front,
    ):
        answers = [await front.post(b"x" * 70_000) for _ in range(9)]
        assert {answer.status_code for answer in answers} == {200}
    assert len(one.received) + len(other.received) == 9
    assert min(len(one.received), len(other.received)) >= 3
    assert {len(received.body) for received in one.received + other.received} == {70_000}
