import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from robot.cancellation import CancelScope, JobStopped
from robot.errors import WorkflowError
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.limits import Limits
from tests.unit.robot.documents import document, node

JSON = b'{"amount": 12.5, "ok": true}'


class Site:
    """Answers by path; keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.asked = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            self.requests.append(head + await reader.readexactly(length))
            self.asked.set()
            await self._respond(head.split(b" ")[1].split(b"?")[0].decode(), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _respond(self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if path == "/hang":
            await reader.read()
            return
        status, headers, body = {
            "/json": ("200 OK", "Content-Type: application/json\r\n", JSON),
            "/text": ("200 OK", "Content-Type: text/plain; charset=latin-1\r\n", b"caf\xe9"),
            "/odd": ("200 OK", "Content-Type: text/plain; charset=klingon\r\n", b"caf\xc3\xa9"),
            "/no-charset": ("200 OK", "Content-Type: text/plain; charset=hex\r\n", b"caf\xc3\xa9"),
            "/other-json": ("200 OK", "Content-Type: application/json; charset=latin-1\r\n", b'["caf\xe9"]'),
            "/marked": ("200 OK", "Content-Type: application/json\r\n", b'\xef\xbb\xbf["caf\xc3\xa9"]'),
            "/bytes": ("200 OK", "Content-Type: application/json\r\n", b'["\xff"]'),
            "/deep": ("200 OK", "Content-Type: application/json\r\n", b"[" * 400 + b"]" * 400),
            "/nowhere": ("302 Found", "Location: javascript:alert(1)\r\n", b""),
            "/broken": ("200 OK", "Content-Type: application/json\r\n", b"{"),
            "/large": ("200 OK", "", b"x" * 5_000),
            "/missing": ("404 Not Found", "", b"no"),
            "/busy": ("503 Service Unavailable", "", b""),
            "/moved": ("302 Found", "Location: /json\r\n", b""),
            "/away": ("302 Found", "Location: file:///etc/passwd\r\n", b""),
            "/cut": ("200 OK", "X-Cut: 1\r\n", b""),
        }[path]
        announced = len(body) + (9 if path == "/cut" else 0)
        writer.write(
            f"HTTP/1.1 {status}\r\n{headers}Content-Length: {announced}\r\nConnection: close\r\n\r\n".encode() + body
        )
        await writer.drain()


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, str]]:
    site = Site()
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0)
    yield site, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


def _flow(url: str, **config: Any) -> dict[str, Any]:
    ports = ("status_code", "response_body", "response_json")
    return document(
        *("start -> call", "call -> end", *(f"call.{port} -> end.{port}" for port in ports)),
        start=node("StartNode"),
        call=node("HTTPRequestNode", url=url, **config),
        end=node("EndNode"),
    )


async def test_a_request_is_sent_as_configured_and_its_answer_offered(
    executor: Executor, site: tuple[Site, str]
) -> None:
    config = {
        "method": "post",
        "headers": {"X-Token": "{{token}}"},
        "params": {"page": 2},
        "body": {"a": ["{{token}}"]},
    }
    result = await executor.run(_flow(f"{site[1]}/json?q=1", **config), variables={"token": "t1"})
    assert result["outputs"] == {
        "status_code": 200,
        "response_body": JSON.decode(),
        "response_json": {"amount": 12.5, "ok": True},
    }
    (request,) = site[0].requests
    assert request.startswith(b"POST /json?q=1&page=2 HTTP/1.1\r\n")
    assert b"\r\nX-Token: t1\r\n" in request
    assert b"\r\nAccept-Encoding: identity\r\n" in request
    assert request.endswith(b'\r\n\r\n{"a":["t1"]}')


@pytest.mark.parametrize(
    ("path", "config", "status", "body"),
    [
        ("/text", {}, 200, "café"),
        ("/odd", {}, 200, "café"),
        ("/no-charset", {}, 200, "café"),
        ("/text", {"method": "PUT", "body": "plain"}, 200, "café"),
        ("/missing", {"fail_on_error_status": False}, 404, "no"),
        ("/moved", {}, 302, ""),
        ("/moved", {"follow_redirects": True}, 200, JSON.decode()),
    ],
)
async def test_answers_of_all_kinds_are_taken(
    executor: Executor, site: tuple[Site, str], path: str, config: dict[str, Any], status: int, body: str
) -> None:
    outputs = (await executor.run(_flow(site[1] + path, **config)))["outputs"]
    assert (outputs["status_code"], outputs["response_body"]) == (status, body)


@pytest.mark.parametrize("path", ["/other-json", "/marked"])
async def test_json_is_read_in_the_encoding_it_comes_in(executor: Executor, site: tuple[Site, str], path: str) -> None:
    assert (await executor.run(_flow(site[1] + path)))["outputs"]["response_json"] == ["café"]


@pytest.mark.parametrize(
    ("path", "config", "error_type", "retryable"),
    [
        ("/missing", {}, "HTTP_STATUS", False),
        ("/busy", {}, "HTTP_STATUS", True),
        ("/hang", {"timeout_seconds": 0.1}, "TIMEOUT", True),
        ("/large", {}, "RESPONSE_TOO_LARGE", False),
        ("/broken", {}, "HTTP_ERROR", False),
        ("/bytes", {}, "HTTP_ERROR", False),
        ("/deep", {}, "HTTP_ERROR", False),
        ("/nowhere", {"follow_redirects": True}, "HTTP_ERROR", False),
        ("/cut", {}, "NETWORK_ERROR", True),
        ("/away", {"follow_redirects": True}, "HTTP_ERROR", False),
        ("/json", {"headers": {"X": "a\r\nY: b"}}, "HTTP_ERROR", False),
        ("/json", {"method": "CONNECT"}, "INVALID_CONFIG", False),
        ("/json", {"headers": ["a"]}, "INVALID_CONFIG", False),
        ("/json", {"headers": {"X": "é"}}, "INVALID_CONFIG", False),
        ("/json", {"timeout_seconds": 3_600}, "INVALID_CONFIG", False),
    ],
)
async def test_a_request_that_fails_says_how_and_whether_to_try_again(
    site: tuple[Site, str], tmp_path: Any, path: str, config: dict[str, Any], error_type: str, retryable: bool
) -> None:
    executor = Executor(WorkingDirectory(tmp_path), limits=Limits(max_response_bytes=1_000))
    with pytest.raises(WorkflowError) as caught:
        await executor.run(_flow(site[1] + path, **config))
    report = caught.value.report()
    assert (report["error_type"], report["retryable"], report["node_id"]) == (error_type, retryable, "call")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/x", "/relative", "http://", "not a url\x00", "http://[::1"]
)
async def test_only_http_addresses_are_called(executor: Executor, url: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        await executor.run(_flow(url))
    assert caught.value.error_type == "INVALID_CONFIG"


async def test_nobody_listening_is_a_network_error(executor: Executor, unused_tcp_port: int) -> None:
    with pytest.raises(WorkflowError) as caught:
        await executor.run(_flow(f"http://user:secret@127.0.0.1:{unused_tcp_port}/"))
    assert (caught.value.error_type, caught.value.retryable) == ("NETWORK_ERROR", True)
    assert "secret" not in str(caught.value)


async def test_stopping_the_job_interrupts_the_request(executor: Executor, site: tuple[Site, str]) -> None:
    scope = CancelScope()
    running = asyncio.create_task(executor.run(_flow(f"{site[1]}/hang"), cancel=scope))
    await site[0].asked.wait()
    scope.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(JobStopped):
            await running
