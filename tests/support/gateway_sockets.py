"""Robots' sockets at the gateway, and people who give their robots work over HTTP."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal, Self

from websockets.asyncio.client import connect

from tests.support import workflows
from tests.support.api import API, Json
from tests.support.robot_socket import RobotSocket
from tests.support.system import System
from tests.support.third_party_day import Stored
from tests.support.third_party_robot import ThirdPartyRobot, Work

Place = Literal["query", "x-api-key", "authorization"]
"""Where the credential stands."""


class SocketOffice:
    """An environment with robots on sockets, and work for them that nobody else takes."""

    def __init__(self, system: System, workflow_id: str) -> None:
        self.system = system
        self.environment = f"sockets-{secrets.token_hex(4)}"
        self.workflow_id = workflow_id

    @classmethod
    async def of(cls, system: System, workflow_name: str = "On a socket") -> Self:
        """A new one, with a workflow of its own."""
        kept = await system.submit(workflow_name, workflows.nothing(), trigger_type="webhook")
        return cls(system, kept["workflow_id"])

    async def key(self, name: str, **fields: Any) -> tuple[str, str]:
        """The id of a new robot, and the key that is bound to it."""
        robot_id = f"{name}-{secrets.token_hex(3)}"
        return robot_id, await self.system.admin.create_key(robot_id, robot_id=robot_id, **fields)

    @asynccontextmanager
    async def robot(self, name: str = "raw", *, slots: int = 1) -> AsyncIterator[RobotSocket]:
        """A registered robot's connection."""
        robot_id, key = await self.key(name)
        async with at_gateway(self.system, robot_id, key) as robot:
            await self.register(robot, slots=slots)
            yield robot

    async def register(self, robot: RobotSocket, *, slots: int = 1) -> Json:
        """The answer."""
        capabilities = {"types": [], "max_concurrent_jobs": slots}
        return await robot.register(environment=self.environment, capabilities=capabilities)

    async def third_party_robot(self, name: str, work: Work, *, slots: int) -> ThirdPartyRobot:
        """One that is not started yet, its key in the query."""
        robot_id, key = await self.key(name)
        return ThirdPartyRobot(
            url=f"{ws_url(self.system)}{API}",
            robot_id=robot_id,
            work=work,
            api_key=key,
            environment=self.environment,
            slots=slots,
            patience=0.05,
            beat_seconds=1.0,
        )

    async def submit(self, **fields: Any) -> str:
        """The id of a new job."""
        body = {"workflow_id": self.workflow_id, "environment": self.environment, **fields}
        job_id: str = (await self.system.admin.call("POST", "/jobs", body))["job_id"]
        self.system.submitted(job_id)
        return job_id

    async def submit_batch(self, n: int) -> list[str]:
        """The ids of as many new jobs."""
        body = {"jobs": [{"workflow_id": self.workflow_id, "environment": self.environment}] * n}
        answer = await self.system.admin.call("POST", "/jobs/batch", body)
        job_ids: list[str] = [job["job_id"] for job in answer["jobs"]]
        for job_id in job_ids:
            self.system.submitted(job_id)
        return job_ids

    async def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        await self.system.admin.cancel(job_id)

    async def drain(self, robot_id: str) -> None:
        """Tell a robot to finish and leave."""
        await self.system.admin.call("POST", f"/robots/{robot_id}/commands", {"command": "drain"})

    async def stored(self, job_id: str) -> Stored:
        """The job as it is now."""
        job = await self.system.admin.job(job_id)
        return Stored(job["status"], job["attempt"])


@asynccontextmanager
async def at_gateway(
    system: System,
    robot_id: str,
    credential: str,
    *,
    prefix: str = API,
    place: Place = "query",
    enveloped: bool = False,
) -> AsyncIterator[RobotSocket]:
    """A robot's connection, nothing said yet."""
    query = f"?api_key={credential}" if place == "query" else ""
    headers = {"x-api-key": {"X-Api-Key": credential}, "authorization": {"Authorization": f"Bearer {credential}"}}
    url = f"{ws_url(system)}{prefix}/ws/robot/{robot_id}{query}"
    options: Json = {"compression": None, "proxy": None, "max_size": None}
    async with connect(url, additional_headers=headers.get(place), **options) as connection:
        yield RobotSocket(connection, enveloped=enveloped)


def ws_url(system: System) -> str:
    """Of the gateway."""
    return system.base_url.replace("http", "ws", 1)
