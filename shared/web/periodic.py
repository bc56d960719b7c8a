"""Timed duties of a service: each runs in every replica, may fail, and goes on."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter

from shared.kernel.tasks import finish_tasks, pause

LONGEST_PAUSE_FACTOR: Final = 8
"""A failing duty is tried ever more rarely, down to an eighth of its rate."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do every `every_seconds`; safe to do in all replicas at once."""

    name: str
    every_seconds: float
    action: Callable[[], Awaitable[object]]


@asynccontextmanager
async def running(duties: Sequence[Duty], registry: CollectorRegistry) -> AsyncIterator[None]:
    """Run `duties` in the background until the block ends."""
    failures = Counter(
        "casare_duty_failures_total", "Runs of a background duty that failed", ("duty",), registry=registry
    )
    stop = asyncio.Event()
    tasks = [asyncio.create_task(_repeat(duty, failures, stop), name=duty.name) for duty in duties]
    try:
        yield
    finally:
        await finish_tasks(tasks, stop)


async def _repeat(duty: Duty, failures: Counter, stop: asyncio.Event) -> None:
    factor = 1
    while not stop.is_set():
        try:
            await duty.action()
            factor = 1
        except Exception as error:  # noqa: BLE001 - a duty that fails once must run again
            failures.labels(duty.name).inc()
            _log.warning("duty_failed", duty=duty.name, reason=f"{type(error).__name__}: {error}")
            factor = min(factor * 2, LONGEST_PAUSE_FACTOR)
        await pause(stop, duty.every_seconds * factor * random.uniform(0.8, 1.2))  # noqa: S311 - spreads replicas
