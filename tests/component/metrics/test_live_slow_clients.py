"""A client that does not read is dropped alone: the others are not slowed, and nothing piles up."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect

from services.metrics.adapters.tenant_sequences import SEQUENCES
from services.metrics.consumers import STORED_KEY
from services.metrics.domain import sequence
from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.sequence import StoredRange
from services.metrics.use_cases.live.subscriber import MOST_CHARACTERS
from services.metrics.use_cases.live.subscriber import MOST_FRAMES as MOST_WAITING
from shared.messaging.bus import Message
from shared.web.tokens import HEADER
from tests.component.metrics.live_clients import Live, Socket, blocks_of, live
from tests.component.metrics.running_metrics import VIEWER, Metrics
from tests.support.eventually import eventually

AT_ONCE = 50
MOST_FRAMES = 40_000
LONG = "x" * 1_000


@pytest.fixture
async def here(metrics: Metrics) -> AsyncIterator[Live]:
    async with live(metrics) as served:
        yield served


async def announce(here: Live, first: int) -> int:
    """Announce `AT_ONCE` long events of jobs from this number on, of which the store has only the last one's number.

    Returns the next number.
    """
    last = {"seq": first + AT_ONCE - 1, "reserved_ms": here.metrics.clock.now_ms()}
    sequences = here.metrics.runtime.store.collection(SEQUENCES)
    await sequences.update_one({"_id": "default"}, {"$set": last}, upsert=True)
    entries = tuple(
        ActivityEntry(
            event_id=f"e-{seq}", tenant_id="default", event_type="job_failed", at_ms=0, version=1, seq=seq,
            data_json=f'{{"job_id": "j-{seq}", "status": "failed", "error_message": "{LONG}"}}',
        )
        for seq in range(first, first + AT_ONCE)
    )  # fmt: skip
    stored = [StoredRange(tenant_id="default", first=first, last=first + AT_ONCE - 1, entries=entries)]
    await here.metrics.runtime.bus.announce(Message(f"a-{first}", STORED_KEY, msgspec.json.encode(stored)))
    return first + AT_ONCE


def dropped(here: Live, stream: str) -> bool:
    return here.metrics.counted("casare_live_slow_clients_total", stream=stream) == 1


def small_receiver(base_url: str) -> socket.socket:
    """A connection whose side of the network holds little."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    address = httpx.URL(base_url)
    connection.connect((address.host, address.port))
    connection.setblocking(False)
    return connection


async def test_a_client_that_stops_reading_is_closed_while_another_goes_on(here: Live) -> None:
    headers = {HEADER: here.metrics.runtime.tokens.sign(VIEWER)}
    url = f"{here.base_url.replace('http', 'ws', 1)}/api/v1/ws/live-jobs"
    connection = small_receiver(here.base_url)
    async with (
        here.socket("live-jobs") as fast,
        connect(url, sock=connection, additional_headers=headers, compression=None, max_queue=1) as raw,
    ):
        await fast.frame()
        await eventually(lambda: here.metrics.counted("casare_live_streams", stream="live-jobs") == 2)
        upcoming, seen = 1, []
        tracemalloc.start()
        while not dropped(here, "live-jobs") and upcoming < MOST_FRAMES:
            upcoming = await announce(here, upcoming)
            seen += [frame["seq"] for frame in await fast.frames(AT_ONCE, "job_update")]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert dropped(here, "live-jobs")
        assert here.metrics.counted("casare_live_streams", stream="live-jobs") == 1
        assert seen == list(range(1, upcoming))
        assert peak < 20 * MOST_CHARACTERS
        assert await Socket(raw).close_code() == 4008
        await announce(here, upcoming)
        assert [frame["seq"] for frame in await fast.frames(1, "job_update")] == [upcoming]


async def test_nobody_is_dropped_for_what_piled_up_behind_a_number_that_was_never_used(
    here: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a process dies between numbering an event and storing it."""
    monkeypatch.setattr(sequence, "VOID_AFTER_SECONDS", 1.0)
    async with here.socket("live-jobs") as socket:
        await socket.frame()
        events = asyncio.create_task(here.events(limit=MOST_WAITING))
        await eventually(lambda: here.metrics.counted("casare_live_frames_total", stream="events") == 1)
        upcoming = 2
        while upcoming < MOST_WAITING + 2:
            upcoming = await announce(here, upcoming)
        seen = await socket.frames(MOST_WAITING, "job_update")
        assert [frame["seq"] for frame in seen] == list(range(2, upcoming))
        assert [int(seq) for seq, _, _ in blocks_of((await events).text)] == [0, *range(2, upcoming)]


async def test_a_reader_of_events_that_stops_is_ended_too(here: Live) -> None:
    connection = small_receiver(here.base_url)
    identity = here.metrics.runtime.tokens.sign(VIEWER)
    loop = asyncio.get_running_loop()
    request = f"GET /api/v1/events HTTP/1.1\r\nhost: test\r\n{HEADER}: {identity}\r\n\r\n"
    await loop.sock_sendall(connection, request.encode())
    await eventually(lambda: here.metrics.counted("casare_live_frames_total", stream="events") == 1)
    upcoming = 1
    while not dropped(here, "events") and upcoming < MOST_FRAMES:
        upcoming = await announce(here, upcoming)
        await asyncio.sleep(0)
    assert dropped(here, "events")
    received = b""
    while not received.endswith(b"0\r\n\r\n"):  # the answer ends properly, for one who reads on
        part = await loop.sock_recv(connection, 65_536)
        assert part
        received = received[-16:] + part
    connection.close()
