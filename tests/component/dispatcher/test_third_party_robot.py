"""A robot that was written from the protocol's page alone does a full day."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.eventually import eventually
from tests.support.robot_socket import SocketServer, robot_key, serving_dispatcher
from tests.support.third_party_robot import ThirdPartyRobot


@pytest.fixture
async def server(store_url: str, database_name: str) -> AsyncIterator[SocketServer]:
    async with (
        running_dispatcher(store_url, database_name) as dispatcher,
        serving_dispatcher(dispatcher) as server,
    ):
        yield server


class Workshop:
    """Work that lasts until the test says so."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, job: dict[str, Any], progress: Callable[[int], Awaitable[None]]) -> dict[str, Any]:
        await progress(50)
        await self.go.wait()
        if job["variables"].get("fail"):
            raise ValueError("as it was asked to")
        return {"month": job["variables"].get("month")}


@asynccontextmanager
async def robot_at_work(server: SocketServer, work: Workshop, slots: int = 3) -> AsyncIterator[ThirdPartyRobot]:
    robot = ThirdPartyRobot(
        url=f"{server.url.replace('http', 'ws', 1)}/api/v1",
        robot_id="theirs",
        work=work,
        headers=lambda: server.dispatcher.headers(robot_key("theirs")),
        slots=slots,
        patience=0.05,
    )
    running = asyncio.create_task(robot.run())
    try:
        await asyncio.wait_for(robot.registered.wait(), 10)
        yield robot
    finally:
        if not running.done():
            await robot.leave()
        await asyncio.wait_for(running, 10)


async def is_status(dispatcher: Dispatcher, job_id: str, status: str) -> bool:
    return (await dispatcher.job(job_id)).status == status


async def test_a_full_day(server: SocketServer) -> None:
    dispatcher, work = server.dispatcher, Workshop()
    async with robot_at_work(server, work) as robot:
        done, cancelled, failing = [
            (await dispatcher.submit(max_attempts=1, variables=variables)).job_id
            for variables in ({"month": "May"}, {}, {"fail": True})
        ]
        await eventually(lambda: len(robot.started) == 3)
        await dispatcher.user().post(f"/jobs/{cancelled}/cancel")
        await eventually(lambda: robot.stopped == [cancelled])
        await robot.drop()
        robot.registered.clear()
        await asyncio.wait_for(robot.registered.wait(), 10)
        work.go.set()
        await eventually(lambda: (robot.completed, robot.failed) == ([done], [failing]))
        work.go.clear()

        lost = (await dispatcher.submit()).job_id
        await eventually(partial(is_status, dispatcher, lost, "running"))
        await robot.crash()
        await eventually(lambda: lost in robot.released, timeout_seconds=10)
        await eventually(lambda: [job_id for job_id, _ in robot.started].count(lost) == 2, timeout_seconds=10)

        await dispatcher.user().post("/robots/theirs/commands", {"command": "drain"})
        await eventually(lambda: robot.commands == ["drain"])
        work.go.set()
        await eventually(lambda: lost in robot.completed)
    assert [(await dispatcher.job(job_id)).status for job_id in (done, cancelled, failing, lost)] == [
        "completed",
        "cancelled",
        "failed",
        "completed",
    ]
    stored = await dispatcher.job(lost)
    assert (stored.attempt, stored.attempts_used, (await dispatcher.job(done)).attempt) == (2, 1, 1)
    assert [job_id for job_id, _ in robot.started].count(done) == 1
    assert robot.close_codes[-1] == 1000
