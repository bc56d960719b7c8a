"""The load, the same for everything measured: workers that each run lifecycles one after another.

Client and server share the machine, so the client is a bare socket with httptools: one kept connection per
worker, one request at a time.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Self, TypeVar, cast

import httptools
from msgspec import MsgspecError, Struct
from msgspec.json import Decoder

from bench.figures import STEPS, Segment

Answer = TypeVar("Answer")

SEGMENT_GRACE_SECONDS = 60
NULL_CLAIMS_ALLOWED = 20


class RunError(Exception):
    """The run cannot show what it set out to show; the message says why."""


class Connection(asyncio.Protocol):
    """One kept HTTP/1.1 connection to a server on loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._transport: asyncio.WriteTransport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    async def open(self) -> Self:
        """Connect, unless connected; raises OSError when nobody listens. Servers may drop an idle connection."""
        if self._transport is None or self._transport.is_closing():
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        return self

    async def send(self, method: str, path: str, body: bytes = b"", headers: str = "") -> tuple[int, bytes]:
        """Send one request and return its status and body; raises ConnectionError on a hang-up."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError(f"the server had hung up before {method} {path}")
        self._answer = asyncio.get_running_loop().create_future()
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"{headers}content-length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)
        return await self._answer

    async def call(
        self, method: str, path: str, decoder: Decoder[Answer], body: bytes = b"", headers: str = ""
    ) -> Answer:
        """Send one request and return its decoded answer; raises RunError unless it is 2xx and as expected."""
        status, answer = await self.send(method, path, body, headers)
        if not 200 <= status < 300:
            raise RunError(f"{method} {path} answered {status}: {answer[:300].decode(errors='replace')}")
        try:
            return decoder.decode(answer)
        except MsgspecError as error:
            raise RunError(f"{method} {path} answered {status} with another body: {error}") from error

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods but not the base class.
        self._transport = cast(asyncio.WriteTransport, transport)
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body, self._body = b"".join(self._body), []
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server hung up in mid-request"))


class Submitted(Struct):
    """What a submission's answer is read for."""

    job_id: str


class Claimed(Struct):
    """What a claim's answer is read for."""

    job_id: str
    lease_token: str


class Completed(Struct):
    """What a completion's answer is read for."""

    completed: bool


_submitted = Decoder(Submitted)
_claimed: Decoder[Claimed | None] = Decoder(Claimed | None)
_completed = Decoder(Completed)

SUBMIT_BODY = json.dumps(json.loads((Path(__file__).parent / "submit.json").read_bytes())).encode()
CLAIM_BODY = b'{"limit": 1, "visibility_timeout_seconds": 30}'
WAITING_CLAIM_BODY = b'{"limit": 1, "visibility_timeout_seconds": 30, "wait_seconds": 1}'


@dataclass
class Ledger:
    """What the client was told in a run: ids submitted, ids completed, claims that got nothing."""

    submitted: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    null_claims: int = 0


@dataclass(frozen=True)
class Worker:
    """One client: submits as a user, claims and completes as a robot of its own."""

    connection: Connection
    user_headers: str
    robot_headers: str
    ledger: Ledger

    async def submit(self) -> None:
        """Submit the workflow and note the job's id."""
        call = self.connection.call("POST", "/api/v1/workflows", _submitted, SUBMIT_BODY, self.user_headers)
        self.ledger.submitted.append((await call).job_id)

    async def claim(self) -> Claimed:
        """Return a job for this robot, waiting for one when the queue looks empty."""
        body = CLAIM_BODY
        for _ in range(NULL_CLAIMS_ALLOWED):
            call = self.connection.call("POST", "/api/v1/jobs/claim", _claimed, body, self.robot_headers)
            if (claimed := await call) is not None:
                return claimed
            self.ledger.null_claims += 1
            body = WAITING_CLAIM_BODY
        raise RunError(f"{NULL_CLAIMS_ALLOWED} claims in a row got no job although one was submitted")

    async def complete(self, job: Claimed) -> None:
        """Report the job complete under its lease and note it."""
        body = b'{"result": {"rows": 50, "total": "1234.50"}, "lease_token": "%b"}' % job.lease_token.encode()
        path = f"/api/v1/jobs/{job.job_id}/complete"
        if not (await self.connection.call("POST", path, _completed, body, self.robot_headers)).completed:
            raise RunError(f"{path} did not answer completed: true")
        self.ledger.completed.append(job.job_id)


async def run_segment(workers: Sequence[Worker], seconds: float) -> Segment:
    """Run lifecycles on every worker until `seconds` have passed and all begun are done; raises RunError."""
    times: list[tuple[float, ...]] = []
    for worker in workers:
        await worker.connection.open()
    start = perf_counter()
    try:
        async with asyncio.timeout(seconds + SEGMENT_GRACE_SECONDS), asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(_lifecycles(worker, start + seconds, times))
    except TimeoutError as error:
        raise RunError(f"lifecycles still open {SEGMENT_GRACE_SECONDS} s after the last was begun") from error
    elapsed = perf_counter() - start
    return Segment.of(elapsed, dict(zip(STEPS, zip(*times, strict=True), strict=True)))


async def _lifecycles(worker: Worker, deadline: float, times: list[tuple[float, ...]]) -> None:
    while (begun := perf_counter()) < deadline:
        await worker.submit()
        submitted = perf_counter()
        job = await worker.claim()
        claimed = perf_counter()
        await worker.complete(job)
        times.append((submitted - begun, claimed - submitted, perf_counter() - claimed))
