"""Robots on sockets, on long polls and on short polls share one queue."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest

from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.eventually import eventually
from tests.support.robot_socket import RobotSocket, SocketServer, serving_dispatcher

N_JOBS = 240
EACH = 2
"""Robots of each kind."""


@pytest.fixture
async def server(store_url: str, database_name: str) -> AsyncIterator[SocketServer]:
    async with (
        running_dispatcher(store_url, database_name) as dispatcher,
        serving_dispatcher(dispatcher) as server,
    ):
        yield server


async def on_socket(robot: RobotSocket, done: Counter[str], kind: str) -> None:
    while True:
        job = await robot.accept()
        await robot.send("job_complete", job_id=job["job_id"])
        await robot.expect("job_ack", report="job_complete")
        done[kind] += 1


async def on_polls(dispatcher: Dispatcher, robot_id: str, wait_seconds: float, done: Counter[str], kind: str) -> None:
    robot = dispatcher.robot(robot_id)
    while True:
        job = (await robot.post("/jobs/claim", {"wait_seconds": wait_seconds})).json()
        if job is None:
            await asyncio.sleep(0.02)
            continue
        await robot.post(f"/jobs/{job['job_id']}/complete", {})
        done[kind] += 1


async def test_under_load_each_kind_of_robot_gets_a_fair_share(server: SocketServer) -> None:
    dispatcher, done = server.dispatcher, Counter[str]()
    await asyncio.gather(*(dispatcher.submit() for _ in range(N_JOBS)))
    async with AsyncExitStack() as stack:
        tasks = []
        for number in range(EACH):
            for kind, wait_seconds in (("long", 5.0), ("short", 0.0)):
                await dispatcher.registered(f"{kind}-{number}", max_concurrent_jobs=1)
                tasks.append(on_polls(dispatcher, f"{kind}-{number}", wait_seconds, done, kind))
            robot = await stack.enter_async_context(server.robot(f"socket-{number}"))
            await robot.register()
            tasks.append(on_socket(robot, done, "socket"))
        running = [asyncio.create_task(task) for task in tasks]
        await eventually(lambda: sum(done.values()) == N_JOBS, timeout_seconds=60)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    assert done.total() == N_JOBS
    assert min(done[kind] for kind in ("socket", "long", "short")) > N_JOBS / 3 / 3, done


async def test_of_idle_robots_the_one_that_waits_longest_is_served_first(server: SocketServer) -> None:
    """Two sockets and two long polls that came in between; each gets one of the first four jobs, in turn."""
    dispatcher = server.dispatcher
    order: list[str] = []

    async def poll(robot_id: str) -> None:
        robot = dispatcher.robot(robot_id)
        while (await robot.post("/jobs/claim", {"wait_seconds": 3})).json() is None:
            continue
        order.append(robot_id)

    async with server.robot("socket-1") as first, server.robot("socket-3") as third:
        waiting = []
        for number, robot in ((1, first), (2, None), (3, third), (4, None)):
            if robot is not None:
                await robot.register()
                waiting.append(asyncio.create_task(_assigned(robot, f"socket-{number}", order)))
            else:
                await dispatcher.registered(f"poll-{number}", max_concurrent_jobs=1)
                waiting.append(asyncio.create_task(poll(f"poll-{number}")))
            await eventually(partial(_offers, dispatcher, number))
        await _past_two_looks(dispatcher)
        for n_served in range(1, 5):
            await dispatcher.submit()
            await eventually(partial(_served, order, n_served))
        await asyncio.gather(*waiting)
    assert order == ["socket-1", "poll-2", "socket-3", "poll-4"]


async def _assigned(robot: RobotSocket, name: str, order: list[str]) -> None:
    await robot.expect("job_assign")
    order.append(name)


def _served(order: list[str], n: int) -> bool:
    return len(order) == n


async def _offers(dispatcher: Dispatcher, n: int) -> bool:
    return f"casare_offers {n}.0" in (await dispatcher.http.get("/metrics")).text


async def _past_two_looks(dispatcher: Dispatcher) -> None:
    """Wait until the polls have looked again, and begun anew, which must not cost them their turn."""
    begin = asyncio.get_running_loop().time()
    await eventually(lambda: asyncio.get_running_loop().time() - begin > 4.5, timeout_seconds=6)
    await eventually(lambda: _offers(dispatcher, 4))
