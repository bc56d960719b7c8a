"""Robots on sockets beside robots that poll, and with servers that die: each job is run once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest

from tests.support.api import RobotApi
from tests.support.eventually import eventually
from tests.support.gateway_sockets import SocketOffice
from tests.support.system import PATIENCE_SECONDS, System
from tests.support.third_party_day import Stored, Workshop, at_work

pytestmark = pytest.mark.timeout(90)

N_JOBS: Final = 60
WORK_SECONDS: Final = 0.02
LONG_POLL_SECONDS: Final = 2.0
N_HOLDERS: Final = 3
SLOTS: Final = 2


async def test_robots_on_sockets_on_long_polls_and_on_short_polls_share_one_queue(system: System) -> None:
    office = await SocketOffice.of(system)
    done: Counter[str] = Counter()

    async def work(job: dict[str, Any], progress: Callable[[int], Awaitable[None]]) -> dict[str, Any]:
        await asyncio.sleep(WORK_SECONDS)
        return {}

    robot = await office.third_party_robot("pushed", work, slots=1)
    polling = {
        seconds: await system.robot("polls", environment=office.environment) for seconds in (LONG_POLL_SECONDS, 0)
    }
    async with at_work(robot):
        job_ids = set(await office.submit_batch(N_JOBS))

        def all_done() -> bool:
            return done.total() + len(robot.completed) >= N_JOBS

        async with asyncio.TaskGroup() as polls:
            for seconds, poller in polling.items():
                polls.create_task(_work_until(all_done, poller, seconds, done))
    assert done.keys() | set(robot.completed) == job_ids
    assert done.total() + len(robot.completed) == N_JOBS
    by_robot = Counter([(await system.admin.job(job_id))["robot_id"] for job_id in job_ids])
    assert by_robot.keys() == {robot.robot_id, *(poller.robot_id for poller in polling.values())}, "one did nothing"


async def _work_until(all_done: Callable[[], bool], robot: RobotApi, wait_seconds: float, done: Counter[str]) -> None:
    while not all_done():
        job = await robot.claim(wait_seconds=wait_seconds)
        if job is not None:
            await asyncio.sleep(WORK_SECONDS)
            await robot.complete(job)
            done[job["job_id"]] += 1


async def test_jobs_held_on_sockets_while_dispatchers_are_killed_finish_once(breakable: System) -> None:
    office, work = await SocketOffice.of(breakable), Workshop()
    robots = [await office.third_party_robot("holder", work, slots=SLOTS) for _ in range(N_HOLDERS)]
    job_ids = [await office.submit(variables={}) for _ in range(N_HOLDERS * SLOTS + 2)]
    async with AsyncExitStack() as shift:
        for robot in robots:
            await shift.enter_async_context(at_work(robot))
        await eventually(lambda: all(len(robot.started) == SLOTS for robot in robots), timeout_seconds=PATIENCE_SECONDS)
        await asyncio.to_thread(breakable.deployment.kill, "dispatcher")
        work.go.set()
        await asyncio.to_thread(breakable.deployment.start)
        await eventually(
            lambda: sum(len(robot.completed) for robot in robots) == len(job_ids), timeout_seconds=2 * PATIENCE_SECONDS
        )
    assert sorted(job_id for robot in robots for job_id in robot.completed) == sorted(job_ids)
    assert Counter(job_id for robot in robots for job_id, _ in robot.started) == Counter(job_ids)
    for robot in robots:
        for job_id in robot.completed:
            assert await office.stored(job_id) == Stored("completed", 1)
            assert (await breakable.admin.job(job_id))["robot_id"] == robot.robot_id
