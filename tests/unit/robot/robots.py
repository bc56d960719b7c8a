"""Robots for tests, quick in everything they repeat."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robot.agent import Agent
from robot.client import OrchestratorClient
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.settings import RobotSettings
from tests.unit.robot.documents import chain, node
from tests.unit.robot.orchestrator import KEY

QUICK = chain(node("ExpressionNode", expression="decimal('0.10') + decimal(price)", variable_name="total"))
ENDLESS = chain(node("DelayNode", seconds=3600))
PAUSE = node("DelayNode", seconds=0.02)

_SETTINGS: dict[str, Any] = {
    "api_key": KEY,
    "id": "robot-1",
    "lease_extension_interval_seconds": 60,
    "heartbeat_interval_seconds": 60,
    "claim_interval_seconds": 0.01,
    "progress_interval_seconds": 0.01,
    "retry_first_seconds": 0.01,
    "retry_cap_seconds": 0.02,
    "grace_seconds": 0,
    "wait_seconds": 5,
    "connection": "http",
    "job_log_interval_seconds": 0.01,
}


@dataclass
class Robot:
    agent: Agent
    running: asyncio.Task[None]


Robots = Callable[..., AbstractAsyncContextManager[Robot]]


def robots_of(url: str, workdir: Path) -> Robots:
    """Starts a robot for the length of a `with`, and stops it; what it raised is raised there."""

    @asynccontextmanager
    async def started(**fields: Any) -> AsyncIterator[Robot]:
        settings = RobotSettings(**{**_SETTINGS, "url": url, "workdir": workdir, **fields})
        client = OrchestratorClient(base_url=settings.url, api_key=settings.key())
        agent = Agent(settings, client, Executor(WorkingDirectory(workdir)), rng=random.Random(1))
        running = asyncio.create_task(agent.run())
        try:
            yield Robot(agent, running)
        finally:
            agent.stop()
            try:
                async with asyncio.timeout(10):
                    await running
            finally:
                await client.close()

    return started
