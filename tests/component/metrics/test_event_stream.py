"""GET /events: Server-Sent Events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.metrics.api import sse_response
from shared.events.auth import UserLoggedIn
from shared.events.robots import RobotRegistered
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.web.tokens import HEADER
from tests.component.metrics.live_clients import Live, blocks_of, live
from tests.component.metrics.running_metrics import ENROLMENT_KEY, VIEWER, Metrics
from tests.support.eventually import eventually


@pytest.fixture
async def here(metrics: Metrics) -> AsyncIterator[Live]:
    async with live(metrics) as served:
        yield served


async def publish_of_each_kind(here: Live) -> None:
    """A job's life (1 to 3), a robot (4) and a login (5)."""
    await here.publish_life("job-1")
    registered = RobotRegistered(robot_id="r-1", name="Robot", environment="default", status="idle")
    await here.metrics.publish(here.metrics.event(registered, subject="r-1"))
    await here.metrics.publish(here.metrics.event(UserLoggedIn(user_id="u1", session_id="s1"), subject="u1"))


def types_in(answer: httpx.Response) -> list[str]:
    return [event for _, event, _ in blocks_of(answer.text)]


async def test_the_stream_begins_with_where_the_events_stand(here: Live) -> None:
    await here.publish_life("job-1")
    answer = await here.events(wait_seconds=0)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert blocks_of(answer.text) == [("3", "hello", {"seq": 3, "timestamp": "2026-01-01T12:00:00.000Z"})]


async def test_events_come_as_they_happen(here: Live) -> None:
    waiting = asyncio.create_task(here.events(limit=3))
    await eventually(lambda: here.metrics.counted("casare_live_frames_total", stream="events") == 1)
    await here.publish_life("job-1")
    hello, submitted, claimed, completed = blocks_of((await waiting).text)
    assert hello[:2] == ("0", "hello")
    assert [block[:2] for block in (submitted, claimed, completed)] == [
        ("1", "job_submitted"),
        ("2", "job_claimed"),
        ("3", "job_completed"),
    ]
    assert completed[2] == {
        "seq": 3, "event_type": "job_completed", "timestamp": "2026-01-01T12:00:00.000Z", "version": 3,
        "data": {
            "job_id": "job-1", "workflow_id": "w-1", "workflow_name": "Invoices", "status": "completed",
            "robot_id": "r-1",
        },
    }  # fmt: skip


@pytest.mark.parametrize("how", ["since", "header"])
async def test_who_comes_back_gets_what_was_missed(here: Live, how: str) -> None:
    await publish_of_each_kind(here)
    given = {"since": 2} if how == "since" else {"headers": {"last-event-id": "2"}, "since": 0}
    answer = await here.events(wait_seconds=0, **given)
    hello, resumed, *missed = blocks_of(answer.text)
    assert (hello[0], hello[1]) == ("2", "hello")
    assert (resumed[2]["replayed"], resumed[2]["complete"], resumed[2]["since"]) == (3, True, 2)
    assert [block[:2] for block in missed] == [
        ("3", "job_completed"),
        ("4", "robot_registered"),
        ("5", "user_logged_in"),
    ]


async def test_only_the_types_asked_for_are_sent(here: Live) -> None:
    await publish_of_each_kind(here)
    answer = await here.events(since=0, wait_seconds=0, types="job.completed,robot_registered,made_up")
    assert types_in(answer) == ["hello", "resumed", "job_completed", "robot_registered"]
    assert blocks_of(answer.text)[1][2]["replayed"] == 2
    waiting = asyncio.create_task(here.events(limit=1, types="job_completed"))
    await eventually(lambda: here.metrics.counted("casare_live_streams", stream="events") == 1)
    await eventually(lambda: here.metrics.counted("casare_live_frames_total", stream="events") == 5)
    await here.publish_life("job-2")
    assert types_in(await waiting) == ["hello", "job_completed"]


async def test_a_robots_key_sees_jobs_and_robots(here: Live) -> None:
    await publish_of_each_kind(here)
    answer = await here.events(ENROLMENT_KEY, since=0, wait_seconds=0)
    assert types_in(answer) == ["hello", "resumed", "job_submitted", "job_claimed", "job_completed", "robot_registered"]
    answer = await here.events(ENROLMENT_KEY, since=0, wait_seconds=0, types="user_logged_in,job_claimed")
    assert types_in(answer) == ["hello", "resumed", "job_claimed"]


async def test_a_limit_ends_the_stream_and_the_rest_can_be_had_later(here: Live) -> None:
    await publish_of_each_kind(here)
    first = await here.events(since=0, limit=2)
    assert [block[0] for block in blocks_of(first.text)] == ["0", "0", "1", "2"]
    rest = await here.events(since=2, wait_seconds=0)
    assert [block[0] for block in blocks_of(rest.text)] == ["2", "2", "3", "4", "5"]


async def test_a_quiet_stream_is_kept_alive_by_comments(here: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse_response, "KEEP_ALIVE_SECONDS", 0.05)
    answer = await here.events(wait_seconds=1)
    assert "\n\n:\n\n:\n\n" in answer.text
    assert types_in(answer) == ["hello"]


async def test_a_stream_ends_with_its_callers_token(here: Live) -> None:
    expires_ms = here.metrics.clock.now_ms() + 300
    caller = Identity(kind="user", subject="u1", tenant_id="default", roles=(Role.VIEWER,), token_expires_ms=expires_ms)
    assert types_in(await here.events(caller)) == ["hello"]


async def test_a_client_that_leaves_is_forgotten(here: Live) -> None:
    headers = {HEADER: here.metrics.runtime.tokens.sign(VIEWER)}
    async with (
        httpx.AsyncClient(base_url=here.base_url, trust_env=False) as client,
        client.stream("GET", "/api/v1/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        await eventually(lambda: here.metrics.counted("casare_live_streams", stream="events") == 1)
    await eventually(lambda: here.metrics.counted("casare_live_streams", stream="events") == 0)


@pytest.mark.parametrize(
    "query",
    [{"types": ""}, {"types": ",,"}, {"types": "Job!"}, {"limit": 0}, {"wait_seconds": -1}, {"since": "x"}],
)
async def test_parameters_that_cannot_be_are_refused(here: Live, query: dict[str, str]) -> None:
    given: dict[str, Any] = {"wait_seconds": 0, **query}
    answer = await here.events(**given)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_INPUT")


async def test_without_a_credential_or_permission_there_is_no_stream(here: Live) -> None:
    assert (await here.events(None)).status_code == 401
    nobody = Identity(kind="user", subject="u", tenant_id="default", roles=())
    assert (await here.events(nobody)).status_code == 403
