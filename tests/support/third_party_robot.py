"""A robot by somebody else: written from `docs/robot-protocol.md`, with nothing but a WebSocket client.

It imports nothing of the project, on purpose. It begins work when the server has stored that it accepted, repeats what
was not acknowledged, and after a lost connection goes on where it was.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

FINAL_CODES = frozenset({4001, 4003, 4004, 4009})
"""Codes after which it makes no sense to come back."""

Work = Callable[[dict[str, Any], Callable[[int], Awaitable[None]]], Awaitable[dict[str, Any]]]
"""Runs a job; gets a function to report progress with; returns the result."""


@dataclass(slots=True)
class Task:
    """A job on this robot."""

    assign: dict[str, Any]
    running: asyncio.Task[None] | None = None
    report: dict[str, Any] | None = None
    """What it ended with, until the server has acknowledged it."""

    @property
    def proof(self) -> dict[str, Any]:
        return {name: self.assign[name] for name in ("job_id", "attempt", "lease_token")}


@dataclass(slots=True)
class ThirdPartyRobot:
    """One robot; `run` works until `leave`."""

    url: str
    robot_id: str
    work: Work
    headers: Callable[[], Mapping[str, str]] = dict
    api_key: str = ""
    """Sent in the query where it is not among the headers."""
    environment: str = "default"
    slots: int = 1
    chaos: Callable[[str], bool] = lambda _: False
    """Asked at each step whether something goes wrong there: `drop` or `duplicate`."""
    patience: float = 0.2
    """How long to wait before the first attempt to come back, at most."""
    beat_seconds: float = 5.0
    completed: list[str] = field(default_factory=list)
    """Jobs whose completion the server acknowledged."""
    failed: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    started: list[tuple[str, int]] = field(default_factory=list)
    """Each beginning of work: job and attempt."""
    commands: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    close_codes: list[int] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    connection: ClientConnection | None = None
    is_leaving: bool = False
    registered: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work; come back whenever the connection is lost."""
        pause = self.patience
        while not self.is_leaving:
            try:
                query = f"?api_key={self.api_key}" if self.api_key else ""
                url = f"{self.url}/ws/robot/{self.robot_id}{query}"
                options: dict[str, Any] = {"max_size": None, "proxy": None, "compression": None}
                async with connect(url, additional_headers=self.headers(), **options) as connection:
                    self.connection = connection
                    await self._converse(connection)
                    pause = self.patience
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd is not None else 1006
                self.close_codes.append(code)
                if code in FINAL_CODES or self.is_leaving:
                    break
            except (OSError, WebSocketException, TimeoutError):
                pass
            self.connection = None
            self.registered.clear()
            await asyncio.sleep(random.uniform(0, pause))
            pause = min(pause * 2, 30)
        await self._stop_all()

    async def leave(self) -> None:
        """Give back what was begun and go, in good order."""
        self.is_leaving = True
        for task in self.tasks.values():
            if task.report is None:
                self.released.append(task.assign["job_id"])
                await self._send("job_release", **task.proof, reason="the robot shuts down")
        await self._send("disconnect", reason="the robot shuts down")

    async def drop(self) -> None:
        """Lose the connection without a word."""
        if self.connection is not None:
            self.connection.transport.abort()

    async def crash(self) -> None:
        """Forget everything, as a process that dies does."""
        await self._stop_all()
        await self.drop()

    async def _stop_all(self) -> None:
        tasks = [task.running for task in self.tasks.values() if task.running is not None]
        self.tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _converse(self, connection: ClientConnection) -> None:
        await self._send(
            "register",
            robot_id=self.robot_id,
            robot_name=self.robot_id,
            capabilities={"types": [], "max_concurrent_jobs": self.slots},
            environment=self.environment,
            tags=[],
        )
        beats = asyncio.create_task(self._beat())
        try:
            async for text in connection:
                message = json.loads(text)
                handle = getattr(self, f"_on_{message['type']}", None)
                if handle is not None:  # what it does not know it ignores
                    await handle(message)
                if self.chaos("drop"):
                    await self.drop()
        finally:
            beats.cancel()
        await connection.wait_closed()
        if connection.close_code is not None:
            self.close_codes.append(connection.close_code)
            self.is_leaving = self.is_leaving or connection.close_code in FINAL_CODES

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.beat_seconds * random.uniform(0.8, 1.2))
            await self._send("heartbeat", status="idle", active_jobs=list(self.tasks))

    async def _on_register_ack(self, message: dict[str, Any]) -> None:
        if not message["success"]:
            await self.drop()
            return
        held = {each["job_id"]: each for each in message["active_jobs"]}
        for job_id, each in held.items():
            if job_id not in self.tasks:  # from before a crash: somebody shall begin anew
                self.released.append(job_id)
                proof = {name: each[name] for name in ("job_id", "attempt", "lease_token")}
                await self._send("job_release", **proof, reason="the robot crashed")
        for job_id, task in list(self.tasks.items()):
            if task.report is not None:
                await self._send(**task.report)
            elif job_id in held and task.running is None:
                self._begin(task)
            elif job_id not in held:
                self._end(job_id)
        self.registered.set()

    async def _on_heartbeat_ack(self, message: dict[str, Any]) -> None:
        self.commands += message["commands"]

    async def _on_ping(self, message: dict[str, Any]) -> None:
        await self._send("pong")

    async def _on_job_assign(self, message: dict[str, Any]) -> None:
        known = self.tasks.get(message["job_id"])
        if known is None:
            known = self.tasks[message["job_id"]] = Task(message)
        known.assign = message
        await self._send("job_accept", **known.proof)

    async def _on_job_ack(self, message: dict[str, Any]) -> None:
        job_id, report = message["job_id"], message["report"]
        task = self.tasks.get(job_id)
        if task is None:
            return
        if report == "job_accept":
            if task.report is not None:
                await self._send(**task.report)
            elif task.running is None:
                self._begin(task)
        elif report in ("job_complete", "job_failed") and task.report is not None:
            (self.completed if report == "job_complete" else self.failed).append(job_id)
            self._end(job_id)

    async def _on_job_cancel(self, message: dict[str, Any]) -> None:
        job_id = message["job_id"]
        self.stopped.append(job_id)
        self._end(job_id)
        await self._send("job_cancelled", job_id=job_id)

    async def _on_error(self, message: dict[str, Any]) -> None:
        task = self.tasks.get(message.get("job_id", ""))
        if task is None:
            return
        if message.get("reason") in ("JOB_NOT_HELD", "JOB_NOT_FOUND"):
            self._end(message["job_id"])
        elif task.report is not None and message.get("report") == task.report["kind"]:
            seconds = message.get("retry_after_seconds", 1)
            asyncio.get_running_loop().call_later(seconds, lambda: asyncio.ensure_future(self._repeat(task)))

    async def _repeat(self, task: Task) -> None:
        if task.report is not None and self.tasks.get(task.assign["job_id"]) is task:
            await self._send(**task.report)

    def _begin(self, task: Task) -> None:
        self.started.append((task.assign["job_id"], task.assign["attempt"]))
        task.running = asyncio.create_task(self._work(task))

    def _end(self, job_id: str) -> None:
        task = self.tasks.pop(job_id, None)
        if task is not None and task.running is not None and task.report is None:
            task.running.cancel()

    async def _work(self, task: Task) -> None:
        async def progress(percent: int) -> None:
            await self._send("job_progress", **task.proof, progress=percent)

        try:
            result = await self.work(task.assign, progress)
        except Exception as error:  # noqa: BLE001 - whatever a job's work raises, the job failed of it
            task.report = {"kind": "job_failed", **task.proof, "error_message": str(error) or "failed"}
        else:
            task.report = {"kind": "job_complete", **task.proof, "result": result}
        await self._send(**task.report)

    async def _send(self, kind: str, **fields: Any) -> None:
        """A message that is lost with its connection is sent again after the next `register_ack`."""
        if self.connection is None:
            return
        text = json.dumps({"type": kind, **fields})
        try:
            await self.connection.send(text)
            if self.chaos("duplicate"):
                await self.connection.send(text)
        except ConnectionClosed:
            return
