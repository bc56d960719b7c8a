"""A job as its watchers see it, through the gateway in both shapes: over WebSockets and as Server-Sent Events."""

import asyncio
import json
import re
from typing import Any, Final

import httpx
import pytest

from shared.kernel.tasks import end_tasks
from tests.support import workflows
from tests.support.api import API
from tests.support.contract.cast import Cast
from tests.support.eventually import eventually
from tests.support.live_streams import frame_about, socket
from tests.support.run import ROOT
from tests.support.system import PATIENCE_SECONDS, System

GUIDE: Final = ROOT / "docs" / "guides" / "live-streams.md"
LIFE: Final = ["job_submitted", "job_claimed", "job_completed"]


async def run_a_job(system: System) -> str:
    """A job that a robot claims and completes; its id."""
    job_id: str = (await system.submit("Watched", workflows.nothing()))["job_id"]
    robot = await system.robot("watched")
    job = await robot.claim()
    assert job is not None
    assert job["job_id"] == job_id
    await robot.complete(job)
    return job_id


async def test_a_job_is_watched_from_its_submission_to_its_end(system: System) -> None:
    async with socket(system, f"{API}/ws/live-jobs", system.access_token) as connection:
        snapshot = json.loads(await connection.recv())
        assert snapshot["type"] == "snapshot"
        job_id = await run_a_job(system)
        seen = [await frame_about(connection, type="job_update", job_id=job_id, event=event) for event in LIFE]
    assert [frame["status"] for frame in seen] == ["pending", "claimed", "completed"]
    assert [frame["version"] for frame in seen] == [1, 2, 3]
    seqs = [frame["seq"] for frame in seen]
    assert snapshot["seq"] < seqs[0] < seqs[1] < seqs[2]
    async with socket(system, "/ws/monitoring/live-jobs", system.access_token, since=seqs[0]) as connection:
        assert (await frame_about(connection, type="resumed"))["complete"] is True
        again = [await frame_about(connection, type="job_update", job_id=job_id) for _ in range(2)]
    assert again == seen[1:]


async def test_state_comes_first_on_every_stream_also_for_a_robots_key(system: System) -> None:
    async with Cast(system) as cast:
        robot, key = await cast.thing("robot"), await cast.thing("robot_key")
        for token in (system.access_token, key):
            async with socket(system, "/ws/robot-status", token) as connection:
                assert (await frame_about(connection, type="robot_status", robot_id=robot))["status"] == "idle"
            async with socket(system, f"{API}/ws/queue-metrics", token) as connection:
                assert json.loads(await connection.recv())["depth"] >= 0
                await connection.send("ping")
                while (answer := await connection.recv()) != "pong":
                    assert json.loads(answer)["type"] == "queue_metrics"
            async with socket(system, f"{API}/ws/metrics/stream", token, interval=1) as connection:
                frames = [json.loads(await connection.recv()) for _ in range(2)]
                assert all(frame["data"]["robots"]["total"] >= 1 for frame in frames)


async def test_events_are_followed_with_nothing_but_http(system: System) -> None:
    headers = {"authorization": f"Bearer {system.access_token}"}
    async with (
        httpx.AsyncClient(base_url=system.base_url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False) as http,
        http.stream("GET", f"{API}/events", params={"types": ",".join(LIFE)}) as answer,
    ):
        lines = answer.aiter_lines()
        assert [await anext(lines) for _ in range(2)][1] == "event: hello"
        watched = asyncio.create_task(run_a_job(system))
        seen: dict[str, list[str]] = {}
        async for line in lines:
            if line.startswith("data: ") and '"event_type"' in line:
                event = json.loads(line.removeprefix("data: "))
                events = seen.setdefault(event["data"]["job_id"], [])
                events.append(event["event_type"])
                if events == LIFE:
                    break
        assert event["data"]["job_id"] == await watched


async def test_the_guides_example_watches_jobs(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    [code] = re.findall(r"^```python\n(.*?)^asyncio\.run.*?^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    watching = asyncio.create_task(names["watch"](system.base_url.replace("http", "ws", 1), system.access_token))
    printed: list[str] = []

    async def a_jobs_life_is_printed() -> bool:
        """Of one that was submitted since the example is connected."""
        job_id = (await system.submit("Watched", workflows.nothing()))["job_id"]
        await system.admin.cancel(job_id)
        printed.append(capsys.readouterr().out)
        return re.search(r"^(\S+) pending None\n\1 cancelled None$", "".join(printed), re.MULTILINE) is not None

    await eventually(a_jobs_life_is_printed, timeout_seconds=PATIENCE_SECONDS)
    await end_tasks([watching])
