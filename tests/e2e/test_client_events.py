"""The client's stream of events, against the whole product."""

import asyncio
from contextlib import aclosing
from typing import Any, cast

import pytest

from casare import AsyncClient
from casare.models import Event
from tests.support import workflows
from tests.support.deployment import ADMIN_PASSWORD, Deployment
from tests.support.system import PATIENCE_SECONDS

pytestmark = pytest.mark.timeout(60)


async def test_events_are_followed_and_gone_on_with_where_one_left(deployment: Deployment) -> None:
    async with AsyncClient(deployment.base_url, username="admin", password=ADMIN_PASSWORD) as client:
        workflow = await client.workflows.push(workflows.nothing(), name="Followed")
        job = await client.submit(workflow, environment="nowhere")
        await job.cancel()
        submitted, cancelled = await _of_job(client, job.id, count=2, since=0)
        assert (submitted.type, cancelled.type) == ("job_submitted", "job_cancelled")
        assert submitted.timestamp is not None
        assert submitted.timestamp.tzinfo is not None
        assert [event.seq for event in await _of_job(client, job.id, count=1, since=submitted.seq)] == [cancelled.seq]

        following = asyncio.create_task(_first(client, "job_cancelled", since=cancelled.seq))
        other = await client.submit(workflow, environment="nowhere")
        await other.cancel()
        assert (await following).data["job_id"] == other.id


async def _of_job(client: AsyncClient, job_id: str, *, count: int, since: int | None) -> list[Event]:
    seen: list[Event] = []
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(cast("Any", client.events(since=since))) as events:
        async for event in events:
            if event.data.get("job_id") == job_id:
                seen.append(event)
            if len(seen) == count:
                break
    return seen


async def _first(client: AsyncClient, kind: str, *, since: int | None) -> Event:
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        aclosing(cast("Any", client.events(since=since, types=[kind]))) as events,
    ):
        async for event in events:
            return cast("Event", event)
    raise AssertionError("the stream ended")
