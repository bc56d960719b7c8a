"""Robots on sockets, through the gateway in both shapes: what they say, what they are told, and how fast."""

import time
from typing import Any, Final

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.api import API, Json, UserApi, log_in
from tests.support.deployment import ADMIN_PASSWORD
from tests.support.gateway_sockets import Place, SocketOffice, at_gateway
from tests.support.live_streams import frame_about, socket
from tests.support.robot_socket import RobotSocket
from tests.support.system import System
from tests.support.third_party_day import Workshop, a_full_day

pytestmark = pytest.mark.timeout(60)

AT_ONCE_SECONDS: Final = 1.0
WAYS: Final[list[tuple[bool, str, Place]]] = [
    (False, "", "query"),
    (True, API, "x-api-key"),
    (False, API, "authorization"),
    (True, "", "query"),
]
LIFE: Final = ("job_submitted", "job_claimed", "job_started", "job_completed")
ASSIGN: Final = frozenset(
    [
        "job_id",
        "workflow_id",
        "workflow_name",
        "workflow_json",
        "workflow_data",
        "priority",
        "timeout_seconds",
        "timeout",
        "variables",
        "parameters",
        "attempt",
        "lease_token",
    ]
)


@pytest.fixture
async def office(system: System) -> SocketOffice:
    return await SocketOffice.of(system)


async def test_a_third_party_robot_has_its_full_day(office: SocketOffice) -> None:
    work = Workshop()
    await a_full_day(office, await office.third_party_robot("theirs", work, slots=3), work)


@pytest.mark.parametrize(("enveloped", "prefix", "place"), WAYS)
async def test_both_framings_pass_on_each_path_with_the_key_in_each_place(
    office: SocketOffice, enveloped: bool, prefix: str, place: Place
) -> None:
    robot_id, key = await office.key("raw")
    async with at_gateway(office.system, robot_id, key, prefix=prefix, place=place, enveloped=enveloped) as robot:
        registered = await _answered(robot, "register_ack", "register", environment=office.environment)
        assert (registered["success"], registered["robot_id"]) == (True, robot_id)
        assert registered["config"]["heartbeat_interval"] >= 1
        beat = await _answered(robot, "heartbeat_ack", "heartbeat", status="idle", cpu_percent=3.5, active_jobs=[])
        assert beat["commands"] == []
        await _completes(office, robot)
        await _fails(office, robot)
        await _rejects(office, robot)
        await robot.send("disconnect", reason="the day is over")
        assert await robot.close_code() == 1000


async def _answered(robot: RobotSocket, kind: str, said: str, **fields: Any) -> Json:
    """The answer to a message, in the framing that it came in."""
    message_id = await robot.send(said, **fields)
    answer = await robot.expect(kind)
    assert ("payload" in answer, answer.get("correlation_id")) == (robot.enveloped, message_id)
    return answer


async def _completes(office: SocketOffice, robot: RobotSocket) -> None:
    job_id = await office.submit(variables={"month": "May"}, priority=3, timeout_seconds=600)
    job = await robot.expect("job_assign", job_id=job_id)
    assert set(job) >= ASSIGN
    assert job["variables"] == job["parameters"] == {"month": "May"}
    assert (job["priority"], job["timeout_seconds"], job["timeout"], job["attempt"]) == (3, 600, 600, 1)
    assert (job["workflow_id"], job["workflow_name"]) == (office.workflow_id, "On a socket")
    assert isinstance(job["workflow_json"], str)
    assert set(job["workflow_data"]) >= {"nodes", "connections"}
    proof = {name: job[name] for name in ("job_id", "attempt", "lease_token")}
    assert (await _answered(robot, "job_ack", "job_accept", **proof))["outcome"] == "running"
    await robot.send("job_progress", **proof, progress=40, current_node="n1", message="Half way")
    entries = [{"level": "info", "message": "Logged in"}]
    assert (await _answered(robot, "log_ack", "log_batch", job_id=job_id, logs=entries, batch_id="b1"))["accepted"] == 1
    at_work = await office.system.admin.job(job_id)
    assert [at_work[name] for name in ("status", "progress", "current_node")] == ["running", 40, "n1"]
    done = await _answered(robot, "job_ack", "job_complete", **proof, result={"rows": 3})
    assert (done["report"], done["outcome"]) == ("job_complete", "completed")
    stored = await office.system.admin.job(job_id)
    assert (stored["status"], stored["result"], stored["attempt"]) == ("completed", {"rows": 3}, 1)
    logs = await office.system.admin.call("GET", f"/jobs/{job_id}/logs")
    assert "Logged in" in str(logs)


async def _fails(office: SocketOffice, robot: RobotSocket) -> None:
    job_id = await office.submit(max_attempts=1)
    job = await robot.accept()
    failed = await _answered(
        robot, "job_ack", "job_failed", job_id=job["job_id"], error="no such portal", error_type="Portal"
    )
    assert failed["outcome"] == "failed"
    stored = await office.system.admin.job(job_id)
    assert [stored[name] for name in ("status", "error_message", "error_type")] == [
        "failed",
        "no such portal",
        "Portal",
    ]


async def _rejects(office: SocketOffice, robot: RobotSocket) -> None:
    job_id = await office.submit()
    await robot.expect("job_assign", job_id=job_id)
    rejected = await _answered(robot, "job_ack", "job_reject", job_id=job_id, reason="no licence")
    assert rejected["outcome"] == "pending"
    assert (await office.stored(job_id)).status == "pending"


async def test_jobs_and_cancels_reach_an_idle_robot_at_once(office: SocketOffice) -> None:
    pushed, stopped = [], []
    async with office.robot() as robot:
        for _ in range(3):
            job_id = await office.submit()
            began = time.monotonic()
            await robot.accept()
            pushed.append(time.monotonic() - began)
            began = time.monotonic()
            await office.cancel(job_id)
            await robot.expect("job_cancel", job_id=job_id, reason="cancelled")
            stopped.append(time.monotonic() - began)
            await robot.send("job_cancelled", job_id=job_id)
            await robot.expect("job_ack", job_id=job_id, report="job_cancelled")
    # The best of three: a busy machine may hold up one of them, a poll in the way would hold up each.
    assert min(pushed) < AT_ONCE_SECONDS
    assert min(stopped) < AT_ONCE_SECONDS


async def test_a_watcher_sees_all_that_a_robot_on_a_socket_does_and_logout_ends_the_stream(
    office: SocketOffice,
) -> None:
    token = (await log_in(office.system.base_url, "admin", ADMIN_PASSWORD))["access_token"]
    async with socket(office.system, f"{API}/ws/live-jobs", token) as watcher, office.robot() as robot:
        job_id = await office.submit()
        await robot.accept()
        await robot.send("job_complete", job_id=job_id, result={})
        seen = [await frame_about(watcher, type="job_update", job_id=job_id, event=event) for event in LIFE]
        assert [frame["status"] for frame in seen] == ["pending", "claimed", "running", "completed"]
        seqs = [frame["seq"] for frame in seen]
        assert seqs == sorted(set(seqs))
        async with UserApi(office.system.base_url, token) as user:
            await user.call("POST", "/auth/logout")
        with pytest.raises(ConnectionClosed):
            await frame_about(watcher, type="never")
        assert watcher.close_code == 4001
