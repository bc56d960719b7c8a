"""The live stream of events."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final, cast

import pytest

from casare import NO_RETRIES, AsyncClient, Client, Forbidden
from casare.models import Event
from tests.component.casare.server import ScriptedServer, problem, stream

AT: Final = "2026-01-01T00:00:00+00:00"
HELLO: Final = 'id: 0\nevent: hello\ndata: {"seq": 0}\n\n'


def frame(seq: int) -> str:
    notice = {"seq": seq, "event_type": "job_completed", "timestamp": AT, "version": 1, "data": {"job_id": f"j-{seq}"}}
    return f"id: {seq}\nevent: job_completed\ndata: {json.dumps(notice)}\n\n"


def event(seq: int) -> Event:
    at = datetime.fromisoformat(AT)
    return Event(seq=seq, type="job_completed", timestamp=at, version=1, data={"job_id": f"j-{seq}"})


async def first(client: AsyncClient, count: int, **options: Any) -> list[Event]:
    seen: list[Event] = []
    async with aclosing(cast("Any", client.events(**options))) as events:
        async for each in events:
            seen.append(each)
            if len(seen) == count:
                break
    return seen


async def test_a_dropped_stream_goes_on_after_the_last_event(server: ScriptedServer, client: AsyncClient) -> None:
    server.prepared.extend(
        [
            stream("retry: 10\n\n:\n\n", HELLO, frame(1), frame(2), "id: 3\nevent: job_comp"),
            problem(503, "STREAM_UNAVAILABLE", retry_after="0"),
            None,
            stream(frame(3)),
        ]
    )
    assert await first(client, 3) == [event(1), event(2), event(3)]
    assert [asked.headers.get("last-event-id") for asked in server.asked] == [None, "2", "2", "2"]
    assert server.asked[0].headers["accept"] == "text/event-stream"


async def test_a_stream_begins_after_an_event_that_was_seen_earlier(
    server: ScriptedServer, client: AsyncClient
) -> None:
    server.prepared.append(stream(frame(42)))
    assert await first(client, 1, since=41, types=["job_completed", "job_failed"]) == [event(42)]
    assert server.asked[0].query == {"since": "41", "types": "job_completed,job_failed"}
    assert server.asked[0].headers["last-event-id"] == "41"


async def test_a_stream_that_ended_with_its_token_goes_on_with_another(server: ScriptedServer, url: str) -> None:
    server.prepared.extend([stream(frame(1)), problem(401, "INVALID_TOKEN"), stream(frame(2))])
    async with AsyncClient(url, username="ann", password="p") as client:
        assert await first(client, 2) == [event(1), event(2)]
    tokens = [asked.token for asked in server.calls("/events")]
    assert tokens == ["access-100", "access-100", "access-101"]


async def test_what_unicode_counts_as_the_end_of_a_line_does_not_cut_an_event(
    server: ScriptedServer, client: AsyncClient
) -> None:
    name = "Q1\u2028Q2\u0085Q3"
    notice = {"event_type": "workflow_created", "timestamp": AT, "data": {"workflow_name": name}}
    text = json.dumps(notice, ensure_ascii=False)
    server.prepared.append(stream(f"id: 1\nevent: workflow_created\ndata: {text}\n\n"))
    (seen,) = await first(client, 1)
    assert seen.data == {"workflow_name": name}


async def test_a_server_that_is_away_when_the_token_ends_is_waited_for(server: ScriptedServer, url: str) -> None:
    server.prepared.append(stream(frame(1)))
    server.expires_in = 0  # renewed before each connection
    async with (
        AsyncClient(url, username="ann", password="p", retries=NO_RETRIES) as client,
        aclosing(cast("Any", client.events())) as events,
    ):
        assert await anext(events) == event(1)
        server.refused_logins = 3
        server.prepared.append(stream(frame(2)))
        assert await anext(events) == event(2)
    assert server.refused_logins == 0


async def test_leaving_a_stream_early_leaves_nothing_to_be_closed_later(url: str, server: ScriptedServer) -> None:
    server.prepared.append(stream(frame(1), frame(2)))
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, complaint: complaints.append(complaint))
    async with AsyncClient(url, token="t") as client:
        events = client.events()
        async for each in events:
            assert each == event(1)
            break
    await asyncio.get_running_loop().shutdown_asyncgens()
    assert complaints == []


async def test_a_refusal_ends_the_stream(server: ScriptedServer, client: AsyncClient) -> None:
    server.prepared.append(problem(403, "FORBIDDEN"))
    with pytest.raises(Forbidden):
        await first(client, 1)


def test_the_stream_is_a_plain_iterator_too(server: ScriptedServer, blocking: Callable[..., Client]) -> None:
    server.prepared.extend([stream(frame(1)), stream(frame(2))])
    events = blocking().events()
    assert [next(events), next(events)] == [event(1), event(2)]
    cast("Any", events).close()
