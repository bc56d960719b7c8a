"""A robot joins the fleet, or says what has changed about it."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from services.dispatcher.domain.errors import LostRace
from services.dispatcher.domain.robot import Command, Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.find_job import require_may_act_for
from services.dispatcher.use_cases.retire_robot import RetireRobot
from shared.events.robots import RobotRegistered
from shared.jobs.fleet import Condition, RobotStatus, robot_document_id
from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden
from shared.kernel.identity import Identity

ATTEMPTS: Final = 5
_KEPT: Final = frozenset({"document_id", "version", "touched"})
"""What a robot that starts anew has from its document."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a robot says about itself."""

    robot_id: str
    name: str
    hostname: str
    capabilities: tuple[str, ...] = ()
    environment: str = "default"
    max_concurrent_jobs: int = 1
    tags: tuple[str, ...] = ()


class RegisterRobot:
    """Stores a registration; registering again updates it and keeps the jobs the robot holds.

    A deleted robot starts anew, without its jobs. A claim that was under way when it was deleted and is not through
    when it registers again leaves a job to nobody: its lease ends.
    """

    def __init__(self, robots: Robots, retire: RetireRobot, clock: Clock) -> None:
        self._robots = robots
        self._retire = retire
        self._clock = clock

    async def __call__(self, *, caller: Identity, registration: Registration) -> Robot:
        """The robot as registered. Raises `ForeignRobot`, `Forbidden`, `LostRace`, `Unavailable`."""
        require_may_act_for(caller, registration.robot_id)
        if caller.environment is not None and caller.environment != registration.environment:
            raise Forbidden(f"This enrolment key registers robots of environment '{caller.environment}' only.")
        for _ in range(ATTEMPTS):
            existing = await self._robots.get(caller.tenant_id, registration.robot_id)
            stored = await (
                self._join(caller, registration) if existing is None else self._update(existing, registration)
            )
            if stored is not None:
                return stored
        raise LostRace(f"Robot {registration.robot_id} keeps changing; try again.")

    async def _join(self, caller: Identity, registration: Registration) -> Robot | None:
        left_over = await self._robots.deleted(caller.tenant_id, registration.robot_id)
        if left_over is None:
            return await self._insert(caller, registration)
        await self._retire(tenant_id=left_over.tenant_id, robot_id=left_over.robot_id)
        anew = msgspec.structs.asdict(_new_robot(caller.tenant_id, registration, self._clock.now_ms()))
        fields = {name: value for name, value in anew.items() if name not in _KEPT}
        return await self._robots.change(left_over, fields, _event(registration))

    async def _insert(self, caller: Identity, registration: Registration) -> Robot | None:
        robot = _new_robot(caller.tenant_id, registration, self._clock.now_ms())
        return robot if await self._robots.insert(robot, _event(registration)) else None

    async def _update(self, robot: Robot, registration: Registration) -> Robot | None:
        now_ms = self._clock.now_ms()
        heard = {"last_seen_ms": now_ms, "last_heartbeat_ms": now_ms, "announced_offline": 0}
        fields = {**_declared(registration), **heard, **_fitness(robot)}
        return await self._robots.change(robot, fields, _event(registration))


def _new_robot(tenant_id: str, registration: Registration, now_ms: int) -> Robot:
    return Robot(
        document_id=robot_document_id(tenant_id, registration.robot_id),
        tenant_id=tenant_id,
        version=1,
        created_ms=now_ms,
        last_seen_ms=now_ms,
        last_heartbeat_ms=now_ms,
        robot_id=registration.robot_id,
        **_declared(registration),
    )


def _fitness(robot: Robot) -> dict[str, Any]:
    """Being here ends being away; so does having drained, as this is the robot's new beginning."""
    if robot.command == Command.DRAIN and robot.n_active == 0:
        return {"condition": Condition.OK, "command": ""}
    return {"condition": Condition.OK if robot.condition is Condition.OFFLINE else robot.condition}


def _declared(registration: Registration) -> dict[str, Any]:
    return {
        "name": registration.name,
        "hostname": registration.hostname,
        "capabilities": registration.capabilities,
        "tags": registration.tags,
        "environment": registration.environment,
        "max_concurrent_jobs": registration.max_concurrent_jobs,
    }


def _event(registration: Registration) -> RobotRegistered:
    return RobotRegistered(
        robot_id=registration.robot_id,
        name=registration.name,
        environment=registration.environment,
        status=RobotStatus.IDLE,
        max_concurrent_jobs=registration.max_concurrent_jobs,
    )
