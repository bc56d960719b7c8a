"""Clients of the live streams, over real sockets on a real server."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from shared.events import CloudEvent, EventData
from shared.events.jobs import JobClaimed, JobCompleted, JobEvent, JobSubmitted
from shared.kernel.identity import Identity
from shared.web.tokens import HEADER
from tests.component.metrics.running_metrics import VIEWER, Metrics
from tests.support.http_server import serving

Json = dict[str, Any]
LIFE: Final[tuple[type[JobEvent], ...]] = (JobSubmitted, JobClaimed, JobCompleted)


@dataclass(frozen=True, slots=True)
class Socket:
    """One open WebSocket."""

    raw: ClientConnection

    async def frame(self) -> Json:
        """The next frame."""
        received: Json = json.loads(await self.raw.recv())
        return received

    async def frame_of(self, *types: str) -> Json:
        """The next frame of one of these types; others before it are passed over."""
        while True:
            frame = await self.frame()
            if frame["type"] in types:
                return frame

    async def frames(self, n_frames: int, *types: str) -> list[Json]:
        """The next `n_frames` of these types."""
        return [await self.frame_of(*types) for _ in range(n_frames)]

    async def close_code(self) -> int:
        """Why the server closes; what comes before is read and passed over."""
        with suppress(ConnectionClosed):
            while True:
                await self.raw.recv()
        assert self.raw.close_code is not None
        return self.raw.close_code


@dataclass(frozen=True, slots=True)
class Live:
    """One replica that serves the streams."""

    metrics: Metrics
    base_url: str

    @asynccontextmanager
    async def socket(
        self, stream: str, caller: Identity | None = VIEWER, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> AsyncIterator[Socket]:
        """A socket at `/api/v1/ws/<stream>`."""
        identity = {} if caller is None else {HEADER: self.metrics.runtime.tokens.sign(caller)}
        url = f"{self.base_url.replace('http', 'ws', 1)}/api/v1/ws/{stream}?{urlencode(query)}"
        async with connect(url, additional_headers={**identity, **(headers or {})}, compression=None) as raw:
            yield Socket(raw)

    async def events(
        self, caller: Identity | None = VIEWER, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        """The whole answer of `/api/v1/events`, which `query` must bound."""
        identity = {} if caller is None else {HEADER: self.metrics.runtime.tokens.sign(caller)}
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as client:
            return await client.get("/api/v1/events", headers={**identity, **(headers or {})}, params=query)

    async def publish_life(self, job_id: str, **values: Any) -> list[CloudEvent]:
        """A job is submitted, claimed by `r-1` and completed; returns its events, which are stored."""
        events = [job_event(self.metrics, model, n + 1, job_id=job_id, **values) for n, model in enumerate(LIFE)]
        await self.metrics.publish(*events)
        return events


def job_event(
    metrics: Metrics, model: type[JobEvent], version: int = 1, *, tenant_id: str = "default", **data: Any
) -> CloudEvent:
    """An event of a job on `r-1`."""
    statuses = {JobSubmitted: "pending", JobClaimed: "claimed", JobCompleted: "completed"}
    given: Json = {"workflow_id": "w-1", "workflow_name": "Invoices", "status": statuses.get(model, "running")}
    if model is not JobSubmitted:
        given["robot_id"] = "r-1"
    event: EventData = model(**{**given, **data})
    return metrics.event(event, subject=data["job_id"], tenant_id=tenant_id, version=version)


@asynccontextmanager
async def live(metrics: Metrics) -> AsyncIterator[Live]:
    """`metrics` on a real server."""
    async with serving(metrics.app) as base_url:
        yield Live(metrics, base_url)


def blocks_of(text: str) -> list[tuple[str, str, Json]]:
    """The events of a Server-Sent Events answer: id, type and data. Comments are left out."""
    found = []
    for part in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.split("\n") if line and not line.startswith(":"))
        if fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found
