"""A server that speaks the robot's side of the protocol, for tests of the robot alone."""

import asyncio
import json
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.unit.robot.socket_side import SocketSide

KEY = "crpa_0123_secret"
# Instead of a status: the connection ends without an answer.
CUT = "cut"

Answer = tuple[int, Any]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """The test process keeps its own signal handlers."""
        yield

    async def main_loop(self) -> None:
        await self.ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's own, without the tenth of a second it gives to clients this test has ended already."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        async with asyncio.timeout(5):
            await self._wait_tasks_to_complete()


class Orchestrator:
    """Keeps a queue of jobs and everything it was told; `faults` are what the next calls of a verb meet instead."""

    def __init__(self) -> None:
        self.queue: list[dict[str, Any]] = []
        self.robots: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.faults: dict[str, list[int | str]] = {}
        self.retry_after: str | None = None
        self.cancelled: set[str] = set()
        self.cancelled_by_heartbeat: list[str] = []
        self.commands: list[str] = []
        self.held: list[str] = []
        self.workflows: dict[str, Any] = {}
        self.socket = SocketSide()
        self._called = asyncio.Condition()
        # Bound but not listening: connections are refused until the server starts.
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            lifespan="off",
            ws="websockets-sansio",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._socket.listen()
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))

    async def end(self) -> None:
        self._server.ended.set()
        async with self._called:
            self._called.notify_all()
        if self._serving is not None:
            await self._serving
        self._socket.close()

    def submit(self, job_id: str, workflow: Any, **fields: Any) -> None:
        text = workflow if isinstance(workflow, str) else json.dumps(workflow)
        job = {"job_id": job_id, "workflow_json": text, "variables": {}, "attempt": 1, "lease_token": f"token-{job_id}"}
        self.queue.append({**job, **fields})

    def told(self, verb: str) -> list[tuple[str, dict[str, Any]]]:
        return [(subject, body) for each, subject, body in self.calls if each == verb]

    def ends_of(self, job_id: str) -> list[str]:
        return [
            verb for verb, subject, _ in self.calls if subject == job_id and verb in {"complete", "fail", "release"}
        ]

    async def until(self, reached: Callable[[], object]) -> None:
        async with asyncio.timeout(10), self._called:
            await self._called.wait_for(reached)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self.socket.serve(scope, receive, send, authorised=(b"x-api-key", KEY.encode()) in scope["headers"])
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        verb, subject = self._verb(scope["path"])
        authorised = (b"x-api-key", KEY.encode()) in scope["headers"]
        fault = self.faults[verb].pop(0) if self.faults.get(verb) else None
        told = json.loads(body or b"{}")
        status, answer = (fault, None) if fault else await self._answer(authorised, verb, subject, told)
        async with self._called:
            self.calls.append((verb, subject, told))
            self._called.notify_all()
        if status == CUT:
            # A body that is announced but never sent makes the server hang up.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            return
        headers = [(b"content-type", b"application/json")]
        if self.retry_after is not None:
            headers.append((b"retry-after", self.retry_after.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    @staticmethod
    def _verb(path: str) -> tuple[str, str]:
        parts = path.removeprefix("/api/v1/").split("/")
        if parts[0] == "workflows":
            return "workflow", parts[1]
        return parts[-1], parts[1] if len(parts) > 2 else ""

    async def _answer(self, authorised: bool, verb: str, subject: str, body: dict[str, Any]) -> Answer:
        if not authorised:
            return 401, {"detail": "unknown key"}
        if verb == "workflow":
            found = self.workflows.get(subject)
            return (404, {"detail": "no such workflow"}) if found is None else (200, {"workflow_json": found})
        if any(isinstance(value, str) and (len(value) > 5_000 or "\x00" in value) for value in body.values()):
            return 400, {"detail": "control characters are not allowed"}
        if verb == "register":
            self.robots[body["robot_id"]] = body
            return 200, {**body, "current_job_ids": self.held}
        if verb in {"heartbeat", "claim"} and (subject or body["robot_id"]) not in self.robots:
            return 404, {"detail": "no such robot"}
        if verb == "heartbeat":
            return 200, {"ok": True, "cancelled_jobs": self.cancelled_by_heartbeat, "commands": self.commands}
        if verb == "claim":
            return 200, await self._claim(body)
        if verb == "extend-lease":
            return 200, {"job_id": subject, "extended": True, "cancel_requested": subject in self.cancelled}
        return 200, {"job_id": subject}

    async def _claim(self, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(body["wait_seconds"]), self._called:
                await self._called.wait_for(lambda: self.queue or self._server.ended.is_set())
        except TimeoutError:
            return None
        if not self.queue:
            return None
        taken, self.queue = self.queue[: body["limit"]], self.queue[body["limit"] :]
        return taken[0] if body["limit"] == 1 else {**taken[0], "jobs": taken}
