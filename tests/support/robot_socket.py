"""A robot's end of its socket: raw messages over a real connection to a real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from shared.kernel.identity import Identity
from tests.support.dispatcher import TENANT, Dispatcher
from tests.support.http_server import serving

PATIENCE_SECONDS = 10.0


def _is(message: Mapping[str, Any], kind: str, fields: Mapping[str, Any]) -> bool:
    return message["type"] == kind and all(message.get(name) == value for name, value in fields.items())


@dataclass(slots=True)
class RobotSocket:
    """Sends and expects messages; what came out of turn is kept."""

    connection: ClientConnection
    seen: list[dict[str, Any]] = field(default_factory=list)
    enveloped: bool = False
    number: int = 0

    async def send(self, kind: str, **fields: Any) -> str | None:
        """Send a message; returns its id where it has one."""
        if not self.enveloped:
            await self.connection.send(json.dumps({"type": kind, **fields}))
            return None
        self.number += 1
        message_id = f"m{self.number}"
        envelope = {"type": kind, "id": message_id, "timestamp": "2026-01-01T12:00:00Z", "payload": fields}
        await self.connection.send(json.dumps(envelope))
        return message_id

    async def receive(self) -> dict[str, Any]:
        """The next message, flat."""
        text = await asyncio.wait_for(self.connection.recv(), PATIENCE_SECONDS)
        message: dict[str, Any] = json.loads(text)
        return message

    async def expect(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next message of this kind with these fields; others are kept in `seen`."""
        while True:
            message = await self.receive()
            found = {**message, **message.get("payload", {})}
            if _is(found, kind, fields):
                return found
            self.seen.append(found)

    async def hear(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The same of what the server says when it likes: it may be among `seen`, and is taken from there."""
        for message in self.seen:
            if _is(message, kind, fields):
                self.seen.remove(message)
                return message
        return await self.expect(kind, **fields)

    async def register(self, **fields: Any) -> dict[str, Any]:
        """Register; the answer."""
        await self.send("register", **fields)
        return await self.expect("register_ack")

    async def accept(self, **fields: Any) -> dict[str, Any]:
        """Wait for a job and accept it; the job."""
        job = await self.hear("job_assign")
        await self.send("job_accept", job_id=job["job_id"], **fields)
        await self.expect("job_ack", report="job_accept", job_id=job["job_id"])
        return job

    async def say_at_once(self, *messages: tuple[str, dict[str, Any]], hang_up: bool = False) -> None:
        """Say all this in one packet: the server has it all before it answers any of it."""
        protocol = self.connection.protocol
        for kind, fields in messages:
            protocol.send_text(json.dumps({"type": kind, **fields}).encode())
        if hang_up:
            protocol.send_close(1000)
        self.connection.transport.write(b"".join(protocol.data_to_send()))
        if hang_up:
            await self.connection.wait_closed()

    async def nothing_but_answers(self) -> list[dict[str, Any]]:
        """What came until the server has handled everything that was sent before."""
        before = len(self.seen)
        await self.send("heartbeat")
        await self.expect("heartbeat_ack")
        return self.seen[before:]

    async def close_code(self) -> int:
        """The code with which the server closes."""
        try:
            while True:
                message = json.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE_SECONDS))
                self.seen.append({**message, **message.get("payload", {})})
        except ConnectionClosed:
            code = self.connection.close_code
        assert code is not None
        return code


@dataclass(frozen=True, slots=True)
class SocketServer:
    """A dispatcher behind a real server."""

    dispatcher: Dispatcher
    url: str

    @asynccontextmanager
    async def robot(
        self, robot_id: str = "r1", *, identity: Identity | None = None, enveloped: bool = False, **options: Any
    ) -> AsyncIterator[RobotSocket]:
        """A robot's connection; by default with the key that is bound to it."""
        identity = identity or robot_key(robot_id)
        async with self.open(robot_id, self.dispatcher.headers(identity), **options) as connection:
            yield RobotSocket(connection, enveloped=enveloped)

    def open(self, robot_id: str, headers: Mapping[str, str], **options: Any) -> connect:
        """A connection with just these headers."""
        url = f"{self.url.replace('http', 'ws', 1)}/api/v1/ws/robot/{robot_id}"
        return connect(url, additional_headers=headers, compression=None, proxy=None, max_size=None, **options)


def robot_key(robot_id: str | None, tenant: str = TENANT, environment: str | None = None) -> Identity:
    """The identity behind a robot's key; None: behind an enrolment key."""
    return Identity(
        kind="robot", subject=f"key-{robot_id}", tenant_id=tenant, robot_id=robot_id, environment=environment
    )


@asynccontextmanager
async def serving_dispatcher(dispatcher: Dispatcher) -> AsyncIterator[SocketServer]:
    """`dispatcher` behind a real server."""
    async with serving(dispatcher.app) as url:
        yield SocketServer(dispatcher, url)
