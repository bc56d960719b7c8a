"""A robot says that it is alive."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.find_job import find_robot, require_may_act_for
from shared.events.robots import RobotCameBack
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity

CANCELLED_TOLD_FOR_MS: Final = 600_000
"""How long a heartbeat's answer keeps naming a cancelled job."""
RENEW_WHEN_LEFT: Final = 0.67
"""A heartbeat renews a lease when less than this share of it is left, so that frequent ones cost no writes."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What the server tells the robot back."""

    at_ms: int
    cancelled_jobs: tuple[str, ...]
    """Jobs the robot should stop."""
    commands: tuple[str, ...] = ()
    """What a user has told it (`Command`)."""
    connection_id: str = ""
    """Its latest socket."""


class RecordHeartbeat:
    """Notes the robot's metrics and renews the leases of the jobs it holds."""

    def __init__(self, robots: Robots, jobs: Jobs, clock: Clock) -> None:
        self._robots = robots
        self._jobs = jobs
        self._clock = clock

    async def __call__(
        self, *, caller: Identity, robot_id: str, metrics_json: str | None, running: Collection[str] | None = None
    ) -> Heartbeat:
        """Record the heartbeat. Raises `ForeignRobot`, `RobotNotFound`, `Unavailable`.

        `running`: the jobs the robot says it works on, where it says so. It may hold others, from before a crash:
        their leases are not renewed.
        """
        require_may_act_for(caller, robot_id)
        robot = await find_robot(self._robots, caller, robot_id)
        now_ms = self._clock.now_ms()
        fields: dict[str, Any] = {"last_seen_ms": now_ms, "last_heartbeat_ms": now_ms}
        if metrics_json is not None:
            fields["metrics_json"] = metrics_json
        if robot.announced_offline:
            await self._announce_return(robot, fields)
        else:
            await self._robots.touch(robot, fields)
        held = {job_id: slot for job_id, slot in robot.active.items() if running is None or job_id in running}
        await asyncio.gather(*(self._renew(job_id, slot.token, now_ms) for job_id, slot in held.items()))
        fresh = (job_id for job_id, at_ms in robot.cancelled.items() if now_ms - at_ms < CANCELLED_TOLD_FOR_MS)
        return Heartbeat(now_ms, tuple(fresh), robot.commands(now_ms), robot.connection_id)

    async def _announce_return(self, robot: Robot, fields: dict[str, Any]) -> None:
        """Losing the race to another heartbeat is fine: that one announced it."""
        event = RobotCameBack(
            robot_id=robot.robot_id, name=robot.name, environment=robot.environment, status=RobotStatus.IDLE
        )
        await self._robots.change(robot, {**fields, "announced_offline": 0}, event)

    async def _renew(self, job_id: str, token: str, now_ms: int) -> None:
        """Not while the robot has yet to accept the job: then the lease is the time it has for that."""
        job = await self._jobs.get(job_id)
        if job is None or not job.is_leased or job.lease_token != token or job.lease_expires_ms is None:
            return
        if job.is_offered:
            return
        if job.lease_expires_ms - now_ms < job.lease_seconds * 1000 * RENEW_WHEN_LEFT:
            await self._jobs.apply(job, lifecycle.extend(job, extension_seconds=job.lease_seconds, now_ms=now_ms))
