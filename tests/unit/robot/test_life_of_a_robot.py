"""How a robot comes, stays and goes: a whole robot against a real HTTP server."""

import pytest
from structlog.testing import capture_logs

from robot.protocol import AccessRefused, CallRejected
from tests.support.eventually import eventually
from tests.unit.robot.documents import chain, node
from tests.unit.robot.orchestrator import CUT, Orchestrator
from tests.unit.robot.robots import ENDLESS, QUICK, Robots


async def test_progress_heartbeats_and_claims_survive_a_server_in_trouble(server: Orchestrator, robots: Robots) -> None:
    server.start()
    trouble: list[int | str] = [CUT, 503, 500]
    server.faults = {verb: list(trouble) for verb in ("claim", "heartbeat", "progress", "register", "extend-lease")}
    server.submit("j1", chain(node("DelayNode", seconds=0.2), node("LogNode", message="done")))
    async with robots(heartbeat_interval_seconds=0.01, lease_extension_interval_seconds=0.01):
        await server.until(lambda: server.ends_of("j1") and not any(server.faults.values()))
    assert server.ends_of("j1") == ["complete"]


async def test_a_robot_waits_for_its_server(server: Orchestrator, robots: Robots) -> None:
    server.submit("j1", QUICK, variables={"price": 1})
    with capture_logs() as logs:
        async with robots():
            await eventually(lambda: "registration_delayed" in [entry["event"] for entry in logs])
            server.start()
            await server.until(lambda: server.ends_of("j1"))
    assert server.ends_of("j1") == ["complete"]


async def test_a_robot_that_never_found_its_server_can_be_stopped(robots: Robots) -> None:
    async with robots(retry_first_seconds=60, retry_cap_seconds=60) as robot:
        robot.agent.stop()
        await robot.running
    assert robot.running.exception() is None


@pytest.mark.parametrize("verb", ["register", "claim", "heartbeat"])
async def test_a_refused_key_ends_the_robot(server: Orchestrator, robots: Robots, verb: str) -> None:
    server.start()
    server.faults[verb] = [403]
    with pytest.raises(AccessRefused, match="403"):
        async with robots(heartbeat_interval_seconds=0.01) as robot:
            await robot.running


async def test_a_wrong_key_and_a_refused_registration_end_the_robot(server: Orchestrator, robots: Robots) -> None:
    server.start()
    with pytest.raises(AccessRefused, match="unknown key"):
        async with robots(api_key="crpa_wrong") as robot:
            await robot.running
    server.faults["register"] = [400]
    with pytest.raises(CallRejected, match="400"):
        async with robots() as robot:
            await robot.running


@pytest.mark.parametrize("verb", ["claim", "heartbeat"])
async def test_a_robot_the_server_forgot_registers_again(server: Orchestrator, robots: Robots, verb: str) -> None:
    server.start()
    async with robots(heartbeat_interval_seconds=0.01 if verb == "heartbeat" else 60, wait_seconds=0):
        await server.until(lambda: server.told("claim"))
        server.robots.clear()
        server.submit("j1", QUICK, variables={"price": 1})
        await server.until(lambda: server.ends_of("j1"))
    assert len(server.told("register")) >= 2
    assert server.ends_of("j1") == ["complete"]


async def test_a_robot_works_on_as_many_jobs_as_it_has_slots(server: Orchestrator, robots: Robots) -> None:
    server.start()
    for number in range(4):
        server.submit(f"j{number}", ENDLESS)
    async with robots(max_concurrent_jobs=3):
        await server.until(lambda: len({subject for subject, _ in server.told("progress")}) == 3)
        assert [body["limit"] for _, body in server.told("claim")] == [3]
        assert [job["job_id"] for job in server.queue] == ["j3"]
    assert sorted(subject for subject, _ in server.told("release")) == ["j0", "j1", "j2"]


async def test_stopping_releases_what_does_not_finish_in_time(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", ENDLESS)
    server.faults["release"] = [503]
    async with robots(grace_seconds=0.05):
        await server.until(lambda: server.told("progress"))
    assert server.ends_of("j1") == ["release", "release"]
    assert server.told("release")[0] == ("j1", {"lease_token": "token-j1"})


async def test_stopping_lets_a_job_finish_within_the_grace_period(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", chain(node("DelayNode", seconds=0.2)))
    async with robots(grace_seconds=10):
        await server.until(lambda: server.told("progress"))
    assert server.ends_of("j1") == ["complete"]


async def test_stopping_twice_does_not_wait_for_the_grace_period(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", ENDLESS)
    async with robots(grace_seconds=3600) as robot:
        await server.until(lambda: server.told("progress"))
        robot.agent.stop()
    assert server.ends_of("j1") == ["release"]
