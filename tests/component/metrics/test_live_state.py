"""The streams of robots, of the queue and of figures, over real sockets."""

from collections.abc import AsyncIterator

import pytest

from services.metrics.use_cases.live.subscriber import MOST_FRAMES
from shared.events.jobs import JobSubmitted
from shared.events.robots import RobotDeleted, RobotRegistered, RobotStatusChanged
from shared.jobs import JOBS, JobStatus
from shared.jobs.fleet import ROBOTS
from tests.component.metrics.live_clients import Live, job_event, live
from tests.component.metrics.running_metrics import Metrics, job_of, robot_of


@pytest.fixture
async def here(metrics: Metrics) -> AsyncIterator[Live]:
    async with live(metrics) as served:
        yield served


async def test_robots_are_told_one_by_one_and_then_that_these_are_all(here: Live) -> None:
    now = here.metrics.clock.now_ms()
    readings = '{"cpu_percent": 45.5, "memory_mb": 1024}'
    await here.metrics.store_robots(
        robot_of("r-1", now, active={"job-1": {"token": "t", "since_ms": 1}}, n_active=1, metrics_json=readings),
        robot_of("r-2", now - 100_000),
        robot_of("r-3", now, tenant_id="elsewhere"),
    )
    async with here.socket("robot-status") as socket:
        busy, offline, snapshot = [await socket.frame() for _ in range(3)]
    assert busy == {
        "type": "robot_status", "seq": 0, "timestamp": "2026-01-01T12:00:00.000Z", "robot_id": "r-1",
        "status": "busy", "name": "Robot r-1", "environment": "default", "cpu_percent": 45.5, "memory_mb": 1024.0,
        "current_jobs": ["job-1"], "last_seen_at": "2026-01-01T12:00:00.000Z", "deleted": False,
    }  # fmt: skip
    assert (offline["robot_id"], offline["status"], offline["cpu_percent"]) == ("r-2", "offline", None)
    assert (snapshot["type"], snapshot["robot_ids"]) == ("snapshot", ["r-1", "r-2"])


async def test_a_robot_is_told_as_it_is_after_an_event_and_after_a_heartbeat(here: Live) -> None:
    now, robots = here.metrics.clock.now_ms(), here.metrics.runtime.store.collection(ROBOTS)
    await here.metrics.store_robots(robot_of("r-1", now))
    async with here.socket("robot-status") as socket:
        assert (await socket.frame_of("robot_status"))["status"] == "idle"
        await robots.update_one({"robot_id": "r-1"}, {"$set": {"condition": "maintenance"}})
        changed = RobotStatusChanged(robot_id="r-1", name="Robot", environment="default", status="idle")
        await here.metrics.publish(here.metrics.event(changed, subject="r-1"))
        told = await socket.frame_of("robot_status")
        assert (told["status"], told["seq"]) == ("maintenance", 1)
        now = here.metrics.clock.advance(seconds=2)
        beat = {"last_seen_ms": now, "metrics_json": '{"cpu_percent": 7}'}
        await robots.update_one({"robot_id": "r-1"}, {"$set": beat})
        told = await socket.frame_of("robot_status")
        assert (told["cpu_percent"], told["last_seen_at"]) == (7.0, "2026-01-01T12:00:02.000Z")


async def test_what_was_just_told_of_a_robot_is_not_taken_back_by_an_older_list(here: Live) -> None:
    """The clock stands still: lists that may be a second old are as old as can be."""
    now, robots = here.metrics.clock.now_ms(), here.metrics.runtime.store.collection(ROBOTS)
    async with here.socket("metrics/stream", interval=1) as dashboard, here.socket("robot-status") as socket:
        await dashboard.frame()
        assert (await socket.frame())["robot_ids"] == []
        await here.metrics.store_robots(robot_of("r-1", now))
        registered = RobotRegistered(robot_id="r-1", name="Robot", environment="default", status="idle")
        await here.metrics.publish(here.metrics.event(registered, subject="r-1"))
        assert (await socket.frame())["robot_id"] == "r-1"
        await robots.update_one({"robot_id": "r-1"}, {"$set": {"metrics_json": '{"cpu_percent": 7}'}})
        while (told := await socket.frame())["cpu_percent"] is None:
            assert not told["deleted"]
        assert told["cpu_percent"] == 7.0


async def test_a_whole_fleet_that_changes_at_once_is_told_to_everybody_who_reads(here: Live) -> None:
    now, robots = here.metrics.clock.now_ms(), here.metrics.runtime.store.collection(ROBOTS)
    fleet = [robot_of(f"r-{n:04}", now) for n in range(MOST_FRAMES + 100)]
    await here.metrics.store_robots(*fleet)
    async with here.socket("robot-status") as socket:
        assert len((await socket.frame_of("snapshot"))["robot_ids"]) == len(fleet)
        await robots.update_many({}, {"$set": {"last_seen_ms": here.metrics.clock.advance(seconds=2)}})
        told = await socket.frames(len(fleet), "robot_status")
        assert {frame["robot_id"] for frame in told} == {robot.robot_id for robot in fleet}


async def test_a_robot_that_is_deleted_is_told_to_be_gone(here: Live) -> None:
    now, robots = here.metrics.clock.now_ms(), here.metrics.runtime.store.collection(ROBOTS)
    await here.metrics.store_robots(robot_of("r-1", now))
    async with here.socket("robot-status") as socket:
        await socket.frame_of("snapshot")
        await robots.update_one({"robot_id": "r-1"}, {"$set": {"deleted_ms": now}})
        deleted = RobotDeleted(robot_id="r-1", name="Robot", environment="default", status="offline")
        await here.metrics.publish(here.metrics.event(deleted, subject="r-1"))
        told = await socket.frame_of("robot_status")
        assert (told["robot_id"], told["status"], told["deleted"]) == ("r-1", "offline", True)


async def test_the_depth_of_the_queue_comes_first_and_when_it_changes(here: Live) -> None:
    now = here.metrics.clock.now_ms()
    await here.metrics.store_jobs(job_of("j1", JobStatus.PENDING, now), job_of("j2", JobStatus.RUNNING, now))
    async with here.socket("queue-metrics") as socket:
        first = await socket.frame()
        assert (first["type"], first["depth"], first["active"], first["seq"]) == ("queue_metrics", 1, 1, 0)
        await here.metrics.store_jobs(job_of("j3", JobStatus.PENDING, now))
        await here.metrics.publish(job_event(here.metrics, JobSubmitted, job_id="j3"))
        told = await socket.frame()
        while told["depth"] != 2:
            told = await socket.frame()
        assert told["seq"] == 1
        await here.metrics.runtime.store.collection(JOBS).delete_many({"queue_position": {"$gt": ""}})
        assert (await socket.frame())["depth"] == 0  # without any event


async def test_what_only_the_present_state_matters_of_is_resumed_by_it(here: Live) -> None:
    await here.publish_life("job-1")
    for stream in ("robot-status", "queue-metrics", "metrics/stream"):
        async with here.socket(stream, since=1) as socket:
            assert (await socket.frame())["type"] in ("snapshot", "queue_metrics", "metrics")
            resumed = await socket.frame()
            assert (resumed["type"], resumed["complete"], resumed["replayed"], resumed["seq"]) == (
                "resumed",
                True,
                0,
                3,
            )


async def test_figures_come_at_once_and_at_the_pace_asked_for(here: Live) -> None:
    now = here.metrics.clock.now_ms()
    await here.metrics.store_robots(
        robot_of("r-1", now, metrics_json='{"cpu_percent": 30, "memory_mb": 100}'),
        robot_of("r-2", now, metrics_json='{"cpu_percent": 50, "memory_mb": 300}'),
        robot_of("r-3", 0, metrics_json='{"cpu_percent": 99}'),
    )
    await here.metrics.store_jobs(job_of("j1", JobStatus.PENDING, now))
    async with here.socket("metrics/stream", interval=1) as socket:
        frames = await socket.frames(2, "metrics")
    assert frames[0] == {
        "type": "metrics", "seq": 0, "timestamp": "2026-01-01T12:00:00.000Z",
        "data": {
            "robots": {"total": 3, "active": 2, "idle": 2, "busy": 0, "offline": 1},
            "jobs": {
                "active": 0, "pending": 1, "completed_today": 0, "failed_today": 0, "cancelled_today": 0,
                "avg_duration_ms": 0,
            },
            "queue": {"depth": 1},
            "system": {"cpu_percent": 40.0, "memory_mb": 400.0, "reporting": 2},
        },
    }  # fmt: skip
    assert frames[1] == frames[0]


@pytest.mark.parametrize("interval", ["0", "61", "x", "-1", "1.5", "", "١"])
async def test_an_interval_that_cannot_be_is_refused_with_a_reason(here: Live, interval: str) -> None:
    async with here.socket("metrics/stream", interval=interval) as socket:
        error = await socket.frame()
        assert (error["type"], error["code"]) == ("error", "INVALID_INPUT")
        assert "from 1 to 60" in error["message"]
        assert await socket.close_code() == 1008
