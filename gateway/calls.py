"""The gateway's own requests to a service, the same whether it runs in this process or behind a relay."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message

from shared.kernel.errors import Unavailable

CALL_TIMEOUT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's whole answer."""

    status: int
    body: bytes


async def call(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    timeout_seconds: float = CALL_TIMEOUT_SECONDS,
) -> Answer:
    """What `app` answers; raises `Unavailable` when it cannot be reached or takes longer than `timeout_seconds`."""
    caller = _Caller(body)
    try:
        async with asyncio.timeout(timeout_seconds):
            await app(_scope(method, path, headers, body), caller.receive, caller.send)
    except TimeoutError as error:
        raise Unavailable("A service did not answer in time.") from error
    return Answer(caller.status, b"".join(caller.chunks))


class _Caller:
    """Both ends of the conversation that a server would hold."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.chunks: list[bytes] = []
        self._body: bytes | None = body

    async def receive(self) -> Message:
        if self._body is None:
            await asyncio.get_running_loop().create_future()  # this client does not go away
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.chunks.append(message.get("body", b""))


def _scope(method: str, path: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> dict[str, object]:
    framing = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())] if body else []
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"gateway"), *framing, *headers],
        "client": None,
        "server": None,
        "state": {},
    }
