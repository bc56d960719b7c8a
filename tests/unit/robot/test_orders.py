"""Robots that are told to pause, to go on, and to leave."""

from tests.support.eventually import eventually
from tests.unit.robot.documents import chain, node
from tests.unit.robot.orchestrator import Orchestrator
from tests.unit.robot.robots import QUICK, Robots


async def test_a_paused_robot_takes_nothing_until_told_to_resume(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.commands = ["pause"]
    async with robots(heartbeat_interval_seconds=0.01, wait_seconds=0):
        await server.until(lambda: len(server.told("heartbeat")) > 3)
        server.submit("j1", QUICK, variables={"price": 1})
        asked = len(server.told("claim"))
        beats = len(server.told("heartbeat"))
        await server.until(lambda: len(server.told("heartbeat")) > beats + 5)
        assert len(server.told("claim")) <= asked + 1
        assert server.ends_of("j1") == []
        server.commands = ["resume", "dance"]
        await server.until(lambda: server.ends_of("j1"))


async def test_a_drained_robot_finishes_its_job_however_long_it_takes_and_leaves(
    server: Orchestrator, robots: Robots
) -> None:
    server.start()
    server.submit("j1", chain(node("DelayNode", seconds=0.3)))
    async with robots(heartbeat_interval_seconds=0.01, grace_seconds=0, wait_seconds=0, max_concurrent_jobs=2) as robot:
        await server.until(lambda: server.told("progress"))
        server.commands = ["drain"]
        await robot.running
    assert server.ends_of("j1") == ["complete"]


async def test_a_robot_that_has_nothing_to_do_leaves_when_drained(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.commands = ["drain"]
    async with robots(heartbeat_interval_seconds=0.01, wait_seconds=0) as robot:
        await eventually(robot.running.done)
    assert robot.running.exception() is None
