"""Serves one ASGI application on one socket until told to stop."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cli.errors import StartError
from cli.socket_protocol import MAX_MESSAGE_BYTES, PING_SECONDS, PONG_SECONDS, SocketProtocol
from shared.kernel.ids import new_id
from shared.kernel.tasks import end_tasks
from shared.web.problems import http_problem

GRACE_SECONDS: Final = 20
"""How long requests under way may take to finish after SIGTERM."""
BACKLOG: Final = 2048
KEEP_ALIVE_SECONDS: Final = 75


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP, but what cannot be parsed is refused with problem details too (clarifications 1)."""

    def send_400_response(self, msg: str) -> None:
        problem = http_problem(400, msg, instance="/", request_id=new_id())
        headers = b"".join(b"%s: %s\r\n" % header for header in problem.raw_headers)
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\n" + headers + b"connection: close\r\n\r\n" + bytes(problem.body)
        )
        self.transport.close()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: this process stops its parts in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, bound before anything else starts; raises `StartError` when that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Stop the program that uses it or set CASARE_PORT."
        ) from error
    listener.setblocking(False)
    return listener


async def serve(
    app: Any,
    listener: socket.socket,
    *,
    on_stop: Callable[[], None],
    when_listening: Callable[[], Coroutine[Any, Any, None]] | None = None,
    before_stop: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Serve `app` until SIGTERM or SIGINT.

    `when_listening` runs beside the server, to tell people when it is ready. At the signal `before_stop` runs while
    requests are still served (a robot gives its jobs back), then `on_stop`, and requests under way may finish.
    """
    server = _Server(_config(app))
    stop = asyncio.Event()

    async def stop_in_order() -> None:
        await stop.wait()
        if before_stop is not None:
            await before_stop()
        on_stop()
        server.should_exit = True

    with on_signals(stop.set):
        beside = [asyncio.create_task(stop_in_order())]
        if when_listening is not None:
            beside.append(asyncio.create_task(when_listening()))
        try:
            await server.serve(sockets=[listener])
        finally:
            await end_tasks(beside)


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        loop="uvloop",
        http=_Protocol,
        ws=SocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


@contextmanager
def on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at SIGTERM and SIGINT while the block runs."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
