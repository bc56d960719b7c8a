"""The stream of jobs, over a real socket."""

from collections.abc import AsyncIterator

import pytest

from services.metrics.adapters.activity_store import ACTIVITY
from services.metrics.use_cases.live.follow_jobs import MOST_JOBS
from shared.events.jobs import JobFailed, JobStarted
from shared.events.robots import RobotRegistered
from shared.jobs import JOBS, JobStatus
from shared.storage import Collection
from tests.component.metrics.live_clients import Live, job_event, live
from tests.component.metrics.running_metrics import Metrics, job_of


@pytest.fixture
async def here(metrics: Metrics) -> AsyncIterator[Live]:
    async with live(metrics) as served:
        yield served


async def test_the_first_frame_is_the_jobs_that_wait_and_run(here: Live) -> None:
    now = here.metrics.clock.now_ms()
    await here.metrics.store_jobs(
        job_of("waits", JobStatus.PENDING, now),
        job_of("runs", JobStatus.RUNNING, now, robot_id="r-1", progress=40, current_node="n-2", started_ms=now),
        job_of("ended", JobStatus.COMPLETED, now),
        job_of("foreign", JobStatus.RUNNING, now, tenant_id="elsewhere"),
    )
    async with here.socket("live-jobs") as socket:
        snapshot = await socket.frame()
    assert (snapshot["type"], snapshot["seq"], snapshot["truncated"]) == ("snapshot", 0, False)
    assert [job["job_id"] for job in snapshot["jobs"]] == ["runs", "waits"]
    assert snapshot["jobs"][0] == {
        "job_id": "runs", "status": "running", "version": 1, "workflow_id": "w-1", "workflow_name": "Invoices",
        "environment": "default", "priority": 10, "attempt": 0, "progress": 40,
        "created_at": "2026-01-01T12:00:00.000Z",
        "robot_id": "r-1", "current_node": "n-2", "started_at": "2026-01-01T12:00:00.000Z",
    }  # fmt: skip


async def test_a_snapshot_says_when_there_are_more_jobs(here: Live) -> None:
    now = here.metrics.clock.now_ms()
    jobs = [job_of(f"j{n:03}", JobStatus.PENDING, now + n) for n in range(MOST_JOBS + 1)]
    await here.metrics.store_jobs(*jobs)
    async with here.socket("live-jobs") as socket:
        snapshot = await socket.frame()
    assert (snapshot["truncated"], len(snapshot["jobs"]), snapshot["jobs"][0]["job_id"]) == (True, 200, "j200")


async def test_every_event_of_a_job_comes_once_in_order(here: Live) -> None:
    async with here.socket("live-jobs") as socket:
        assert (await socket.frame())["type"] == "snapshot"
        await here.publish_life("job-1")
        registered = RobotRegistered(robot_id="r-1", name="Robot", environment="default", status="idle")
        await here.metrics.publish(here.metrics.event(registered, subject="r-1"))
        failed = job_event(here.metrics, JobFailed, 4, job_id="job-2", status="failed", error_message="No file.")
        await here.metrics.publish(failed, failed)
        frames = await socket.frames(4, "job_update")
    assert [(frame["event"], frame["status"], frame["version"]) for frame in frames] == [
        ("job_submitted", "pending", 1),
        ("job_claimed", "claimed", 2),
        ("job_completed", "completed", 3),
        ("job_failed", "failed", 4),
    ]
    assert [frame["seq"] for frame in frames] == [1, 2, 3, 5]
    assert frames[2] == {
        "type": "job_update", "seq": 3, "timestamp": "2026-01-01T12:00:00.000Z", "job_id": "job-1",
        "status": "completed", "version": 3, "event": "job_completed", "workflow_id": "w-1",
        "workflow_name": "Invoices", "robot_id": "r-1", "environment": "default", "priority": 10, "attempt": 0,
        "progress": 100,
    }  # fmt: skip
    assert frames[3]["error_message"] == "No file."


async def test_progress_is_told_while_a_job_runs(here: Live) -> None:
    now = here.metrics.clock.now_ms()
    await here.metrics.store_jobs(job_of("runs", JobStatus.RUNNING, now, robot_id="r-1", progress=10, attempt=1))
    await here.metrics.publish(job_event(here.metrics, JobStarted, job_id="runs"))
    jobs = here.metrics.runtime.store.collection(JOBS)
    async with here.socket("live-jobs") as socket:
        assert (await socket.frame())["jobs"][0]["progress"] == 10
        for percent in (50, 60):
            await jobs.update_one({"_id": "runs"}, {"$set": {"progress": percent, "current_node": "n-5"}})
            told = await socket.frame()
            while told["progress"] != percent:  # the look before may have seen neither
                told = await socket.frame()
            assert (told["type"], told["job_id"], told["seq"], told["current_node"]) == ("job_update", "runs", 1, "n-5")
            assert "event" not in told


async def test_who_comes_back_gets_what_was_missed_and_goes_on(here: Live) -> None:
    async with here.socket("live-jobs") as socket:
        await socket.frame()
        await here.publish_life("job-1")
        last = (await socket.frames(2, "job_update"))[-1]["seq"]
    await here.publish_life("job-2")
    async with here.socket("live-jobs", since=last) as socket:
        snapshot, resumed = await socket.frame(), await socket.frame()
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", last)
        assert resumed == {
            "type": "resumed", "seq": last, "timestamp": "2026-01-01T12:00:00.000Z", "since": last, "replayed": 4,
            "complete": True, "oldest": 1,
        }  # fmt: skip
        missed = await socket.frames(4, "job_update")
        await here.publish_life("job-3")
        live_ones = await socket.frames(3, "job_update")
    assert [(frame["job_id"], frame["version"]) for frame in missed] == [
        ("job-1", 3), ("job-2", 1), ("job-2", 2), ("job-2", 3)
    ]  # fmt: skip
    assert [frame["seq"] for frame in (*missed, *live_ones)] == list(range(3, 10))


async def test_a_long_history_is_replayed_in_pages_without_gap_or_repeat(here: Live) -> None:
    for n in range(0, 450, 50):
        await here.metrics.publish(*(job_event(here.metrics, JobStarted, job_id=f"job-{m}") for m in range(n, n + 50)))
    async with here.socket("live-jobs", since=0) as socket:
        assert (await socket.frame_of("resumed"))["replayed"] == 450
        frames = await socket.frames(450, "job_update")
        await here.publish_life("last")
        frames += await socket.frames(3, "job_update")
    assert [frame["seq"] for frame in frames] == list(range(1, 454))


async def test_what_is_no_longer_retained_is_said(here: Live) -> None:
    await here.publish_life("job-1")
    await here.publish_life("job-2")
    await Collection(here.metrics.runtime.store, ACTIVITY).delete({"seq": {"$lte": 4}})
    async with here.socket("live-jobs", since=1) as socket:
        resumed = await socket.frame_of("resumed")
        assert (resumed["complete"], resumed["oldest"], resumed["replayed"]) == (False, 5, 2)
        assert [frame["seq"] for frame in await socket.frames(2, "job_update")] == [5, 6]


async def test_a_number_of_other_data_is_said_to_be_so(here: Live) -> None:
    await here.publish_life("job-1")
    async with here.socket("live-jobs", since=4_000) as socket:
        resumed = await socket.frame_of("resumed")
        assert (resumed["complete"], resumed["seq"], resumed["replayed"]) == (False, 3, 0)
        await here.publish_life("job-2")
        assert [frame["seq"] for frame in await socket.frames(3, "job_update")] == [4, 5, 6]
