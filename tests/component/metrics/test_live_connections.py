"""Who may follow, what a client may say, and how a stream ends."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from services.metrics.api.live_socket import MOST_MESSAGES
from shared.events.jobs import JobStarted
from shared.jobs import JobStatus
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.web.app import drain
from tests.component.metrics.live_clients import Live, blocks_of, job_event, live
from tests.component.metrics.running_metrics import ENROLMENT_KEY, FOREIGNER, VIEWER, Metrics, job_of, robot_of
from tests.support.eventually import eventually

STREAMS = ("live-jobs", "robot-status", "queue-metrics", "metrics/stream")
NOBODY = Identity(kind="user", subject="u3", tenant_id="default", roles=())


@pytest.fixture
async def here(metrics: Metrics) -> AsyncIterator[Live]:
    async with live(metrics) as served:
        yield served


@pytest.mark.parametrize("stream", STREAMS)
async def test_who_may_not_follow_is_told_so_after_the_handshake(here: Live, stream: str) -> None:
    for caller, code, close_code in ((None, "CREDENTIAL_MISSING", 4001), (NOBODY, "FORBIDDEN", 4003)):
        async with here.socket(stream, caller) as socket:
            error = await socket.frame()
            assert (error["type"], error["code"]) == ("error", code)
            assert await socket.close_code() == close_code


@pytest.mark.parametrize("stream", STREAMS)
async def test_a_forged_identity_is_closed(here: Live, stream: str) -> None:
    async with here.socket(stream, None, headers={"x-casare-identity": "forged"}) as socket:
        assert await socket.close_code() == 4001


@pytest.mark.parametrize("stream", STREAMS)
async def test_a_robots_key_follows_its_tenant(here: Live, stream: str) -> None:
    async with here.socket(stream, ENROLMENT_KEY) as socket:
        assert (await socket.frame())["type"] in ("snapshot", "queue_metrics", "metrics")


async def test_each_tenant_sees_its_own_only(here: Live) -> None:
    metrics, now = here.metrics, here.metrics.clock.now_ms()
    await metrics.store_jobs(job_of("ours", JobStatus.RUNNING, now), job_of("queued", JobStatus.PENDING, now))
    await metrics.store_robots(robot_of("r-1", now))
    async with (
        here.socket("live-jobs", FOREIGNER) as jobs,
        here.socket("robot-status", FOREIGNER) as robots,
        here.socket("queue-metrics", FOREIGNER) as queue,
        here.socket("metrics/stream", FOREIGNER, interval=1) as figures,
    ):
        assert (await jobs.frame())["jobs"] == []
        assert (await robots.frame())["robot_ids"] == []
        assert (await queue.frame())["depth"] == 0
        assert (await figures.frame())["data"]["robots"]["total"] == 0
        await here.publish_life("ours")
        await metrics.publish(job_event(metrics, JobStarted, job_id="theirs", tenant_id="elsewhere"))
        told = await jobs.frame()
        assert (told["job_id"], told["seq"]) == ("theirs", 1)
        assert (await figures.frame())["data"]["queue"]["depth"] == 0
    answer = await here.events(FOREIGNER, since=0, wait_seconds=0)
    assert [data.get("data", {}).get("job_id") for _, _, data in blocks_of(answer.text)] == [None, None, "theirs"]


async def test_ping_is_answered_and_other_text_told_not_to_be_understood(here: Live) -> None:
    async with here.socket("queue-metrics") as socket:
        await socket.frame()
        await here.publish_life("job-1")
        await socket.raw.send("ping")
        assert await _next_but(socket.raw, "queue_metrics") == "pong"
        await socket.raw.send("what?")
        error = json.loads(await _next_but(socket.raw, "queue_metrics"))
        assert (error["type"], error["code"]) == ("error", "INVALID_MESSAGE")
        await socket.raw.send(b"ping")
        assert json.loads(await _next_but(socket.raw, "queue_metrics"))["code"] == "INVALID_MESSAGE"


async def _next_but(raw: object, frame_type: str) -> str:
    while True:
        text = str(await raw.recv())  # type: ignore[attr-defined]  # a connection of websockets
        if f'"{frame_type}"' not in text:
            return text


async def test_a_message_that_is_too_long_ends_the_stream(here: Live) -> None:
    async with here.socket("queue-metrics") as socket:
        await socket.raw.send("x" * 65_537)
        assert await socket.close_code() == 1009


async def test_too_many_messages_end_the_stream(here: Live) -> None:
    async with here.socket("queue-metrics") as socket:
        for _ in range(MOST_MESSAGES + 1):
            await socket.raw.send("ping")
        assert await socket.close_code() == 4029


@pytest.mark.parametrize("since", ["-1", "x", "1e3", "9" * 15, ""])
async def test_a_since_that_is_no_number_is_refused(here: Live, since: str) -> None:
    async with here.socket("live-jobs", since=since) as socket:
        assert (await socket.frame())["code"] == "INVALID_INPUT"
        assert await socket.close_code() == 1008
    assert (await here.events(since=since or "x")).status_code == 400
    assert (await here.events(headers={"last-event-id": since or "x"})).status_code == 400


async def test_when_the_process_stops_clients_are_sent_elsewhere(here: Live) -> None:
    async with here.socket("live-jobs") as jobs, here.socket("metrics/stream", interval=60) as figures:
        await jobs.frame()
        await figures.frame()
        events = asyncio.create_task(here.events())
        await eventually(lambda: here.metrics.counted("casare_live_streams", stream="events") == 1)
        drain(here.metrics.app)
        assert await jobs.close_code() == 1012
        assert await figures.close_code() == 1012
        assert blocks_of((await events).text)[0][1] == "hello"
    async with here.socket("live-jobs") as late:
        assert await late.close_code() == 1012


async def test_open_streams_and_frames_are_counted(here: Live) -> None:
    async with here.socket("live-jobs") as socket:
        await socket.frame()
        assert here.metrics.counted("casare_live_streams", stream="live-jobs") == 1
    await eventually(lambda: here.metrics.counted("casare_live_streams", stream="live-jobs") == 0)
    assert here.metrics.counted("casare_live_frames_total", stream="live-jobs") == 1


async def test_nothing_is_kept_of_tenants_that_nobody_follows(here: Live) -> None:
    for _ in range(2):
        async with here.socket("live-jobs", VIEWER) as one, here.socket("robot-status", VIEWER) as other:
            await one.frame()
            await other.frame()
    await eventually(lambda: not [task for task in asyncio.all_tasks() if task.get_name().startswith("live-")])


async def test_roles_from_viewer_up_may_follow(here: Live) -> None:
    for role in Role:
        caller = Identity(kind="user", subject="u", tenant_id="default", roles=(role,))
        async with here.socket("queue-metrics", caller) as socket:
            assert (await socket.frame())["depth"] == 0
