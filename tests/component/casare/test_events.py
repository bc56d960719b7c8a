"""The live stream of events."""

import json
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final, cast

import pytest

from casare import AsyncClient, Client, Forbidden
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


async def test_what_people_wrote_may_hold_any_break_that_unicode_knows(
    server: ScriptedServer, client: AsyncClient
) -> None:
    written = "first\u2028second\u2029third\u0085fourth"
    text = json.dumps(
        {"event_type": "job_failed", "timestamp": AT, "data": {"error_message": written}}, ensure_ascii=False
    )
    server.prepared.append(stream(f"id: 1\nevent: job_failed\ndata: {text}\n\n"))
    [failed] = await first(client, 1)
    assert failed.data == {"error_message": written}


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


async def test_a_refusal_ends_the_stream(server: ScriptedServer, client: AsyncClient) -> None:
    server.prepared.append(problem(403, "FORBIDDEN"))
    with pytest.raises(Forbidden):
        await first(client, 1)


def test_the_stream_is_a_plain_iterator_too(server: ScriptedServer, blocking: Callable[..., Client]) -> None:
    server.prepared.extend([stream(frame(1)), stream(frame(2))])
    events = blocking().events()
    assert [next(events), next(events)] == [event(1), event(2)]
    cast("Any", events).close()
