"""The robot's socket on the server for tests: keeps the frames it gets, sends what a test tells it to."""

import asyncio
import json
from collections.abc import Callable
from typing import Any


class SocketSide:
    """`refuse_with` answers the handshake with that status, `close_with` closes with that code after `register`."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.registered = 0
        self.active: list[dict[str, Any]] = []
        self.confirms = True
        self.enveloped = False
        self.refuse_with: int | None = 404
        self.close_with: int | None = None
        self._send: Any = None
        self._changed = asyncio.Condition()

    async def send(self, kind: str, **fields: Any) -> None:
        frame = {"type": kind, "id": "1", "payload": fields} if self.enveloped else {"type": kind, **fields}
        await self._send({"type": "websocket.send", "text": json.dumps(frame)})

    async def assign(self, job_id: str, workflow: Any, token: str = "t1", **fields: Any) -> None:
        text = json.dumps(workflow)
        job = {"job_id": job_id, "workflow_json": text, "variables": {}, "attempt": 1, "lease_token": token}
        await self.send("job_assign", **{**job, **fields})

    async def close(self, code: int) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": "told to"})

    def got(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.received if frame["type"] == kind]

    async def until(self, reached: Callable[[], object]) -> None:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(reached)

    async def serve(self, scope: Any, receive: Any, send: Any, *, authorised: bool) -> None:
        await receive()
        if self.refuse_with is not None:
            start = {"type": "websocket.http.response.start", "status": self.refuse_with, "headers": []}
            await send(start)
            await send({"type": "websocket.http.response.body", "body": b""})
            return
        assert scope["path"] == "/api/v1/ws/robot/robot-1"
        await send({"type": "websocket.accept"})
        if not authorised:
            await send({"type": "websocket.close", "code": 4001, "reason": "unknown key"})
            return
        while (message := await receive())["type"] == "websocket.receive":
            await self._answer(json.loads(message["text"]), send)

    async def _answer(self, frame: dict[str, Any], send: Any) -> None:
        if frame["type"] == "register":
            self._send = send
            if self.close_with is not None:
                await self.close(self.close_with)
            else:
                config = {"heartbeat_interval": 0.05}
                await self.send("register_ack", success=True, config=config, active_jobs=self.active)
                self.registered += 1
        if frame["type"] == "job_accept" and self.confirms:
            await self.send("job_ack", report="job_accept", job_id=frame["job_id"], outcome="running")
        async with self._changed:
            self.received.append(frame)
            self._changed.notify_all()
