"""A full day of a robot by somebody else: register, work, cancel, drop, crash, resume, drain.

Had with the dispatcher alone, and through the gateway of the whole product.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, Protocol

from tests.support.eventually import eventually
from tests.support.third_party_robot import ThirdPartyRobot

PATIENCE_SECONDS: Final = 10.0


class Stored(NamedTuple):
    """A job as the server keeps it."""

    status: str
    attempt: int


class Office(Protocol):
    """The people who give the robot its work."""

    async def submit(self, *, max_attempts: int = 3, variables: dict[str, Any]) -> str:
        """The id of a new job for the robot."""

    async def cancel(self, job_id: str) -> None:
        """Cancel a job."""

    async def drain(self, robot_id: str) -> None:
        """Tell the robot to finish and leave."""

    async def stored(self, job_id: str) -> Stored:
        """The job as it is now."""


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
async def at_work(robot: ThirdPartyRobot) -> AsyncIterator[ThirdPartyRobot]:
    """The robot, registered; it leaves in good order."""
    running = asyncio.create_task(robot.run())
    try:
        await asyncio.wait_for(robot.registered.wait(), PATIENCE_SECONDS)
        yield robot
    finally:
        if not running.done():
            await robot.leave()
        await asyncio.wait_for(running, PATIENCE_SECONDS)


async def a_full_day(office: Office, robot: ThirdPartyRobot, work: Workshop) -> None:
    """The day of a robot with three slots that nobody else shares the work with."""

    async def came(probe: Callable[[], bool]) -> None:
        await eventually(probe, timeout_seconds=PATIENCE_SECONDS)

    async with at_work(robot):
        done, cancelled, failing = [
            await office.submit(max_attempts=1, variables=variables)
            for variables in ({"month": "May"}, {}, {"fail": True})
        ]
        await came(lambda: len(robot.started) == 3)
        await office.cancel(cancelled)
        await came(lambda: robot.stopped == [cancelled])
        await _drop_and_return(robot)
        work.go.set()
        await came(lambda: (robot.completed, robot.failed) == ([done], [failing]))
        work.go.clear()
        lost = await office.submit(variables={})
        await came(lambda: lost in [job_id for job_id, _ in robot.started])
        await robot.crash()
        await came(lambda: lost in robot.released)
        await came(lambda: [job_id for job_id, _ in robot.started].count(lost) == 2)
        await office.drain(robot.robot_id)
        await came(lambda: robot.commands[:1] == ["drain"])
        work.go.set()
        await came(lambda: lost in robot.completed)
    assert [await office.stored(job_id) for job_id in (done, cancelled, failing, lost)] == [
        Stored("completed", 1),
        Stored("cancelled", 1),
        Stored("failed", 1),
        Stored("completed", 2),
    ]
    assert [job_id for job_id, _ in robot.started].count(done) == 1
    assert robot.close_codes[-1] == 1000


async def _drop_and_return(robot: ThirdPartyRobot) -> None:
    robot.registered.clear()
    await robot.drop()
    await asyncio.wait_for(robot.registered.wait(), PATIENCE_SECONDS)
