"""The server around every application."""

import asyncio
import json
import os
import signal

import pytest

from cli.server import listen, serve


@pytest.mark.parametrize("request_bytes", [b"BREW / HTTP/1.1\r\nhost: x\r\n\r\n", b"\x00\xff\r\n\r\n", b"GET\r\n\r\n"])
async def test_what_is_no_http_is_refused_with_problem_details(request_bytes: bytes) -> None:
    listener = listen("127.0.0.1", 0)
    serving = asyncio.create_task(serve(_never_reached, listener, on_stop=_nothing))
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(request_bytes)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, 10)
    listener.close()
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (400, "INVALID_INPUT")
    assert isinstance(problem["detail"], str)


async def _never_reached(scope: object, receive: object, send: object) -> None:
    raise AssertionError("the application was called")


def _nothing() -> None: ...
