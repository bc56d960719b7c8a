"""A tenant's robots, told when an event touches them and when their heartbeats moved."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.fleet import Robot
from services.metrics.domain.robot_updates import deleted_frame, frame_of, looks_of
from services.metrics.ports import Fleet
from services.metrics.use_cases.live.channel import Audience, Position, every, in_pieces
from shared.kernel.clock import Clock

COALESCED_SECONDS: Final = 0.2
"""What one claim or end of a job changes of a robot comes within this time."""
LOOK_EVERY_SECONDS: Final = 2.0


class RobotChannel:
    """Tells a robot as the store has it when the frame is made, so that late events never tell an older state."""

    def __init__(self, tenant_id: str, position: Position, fleet: Fleet, clock: Clock, offline_after_ms: int) -> None:
        self.audience = Audience()
        self._tenant_id = tenant_id
        self._position = position
        self._fleet = fleet
        self._clock = clock
        self._offline_after_ms = offline_after_ms
        self._touched: set[str] = set()
        self._wake = asyncio.Event()
        self._told: dict[str, object] | None = None
        """How each robot looked when it was told last; None before the first look."""
        self._turn = asyncio.Lock()
        """Whoever reads robots tells them before anybody reads again: nothing older is told after what is newer."""

    def heard(self, entries: Sequence[ActivityEntry]) -> None:
        touched = {robot_id for entry in entries if (robot_id := _robot_of(entry)) is not None}
        if touched:
            self._touched |= touched
            self._wake.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(every(LOOK_EVERY_SECONDS, self._look_at_all))
            tasks.create_task(every(LOOK_EVERY_SECONDS, self._tell_touched, self._wake))

    async def _tell_touched(self) -> None:
        if not self._touched:
            return
        await asyncio.sleep(COALESCED_SECONDS)
        async with self._turn:
            touched, self._touched = self._touched, set()
            try:
                async for some in in_pieces(list(touched)):
                    found = await asyncio.gather(*(self._fleet.get(self._tenant_id, robot_id) for robot_id in some))
                    for robot_id, robot in zip(some, found, strict=True):
                        self._tell_found(robot_id, robot)
            except BaseException:
                self._touched |= touched
                raise

    def _tell_found(self, robot_id: str, robot: Robot | None) -> None:
        if robot is None:
            self._tell_gone(robot_id)
        else:
            self._tell(robot)

    async def _look_at_all(self) -> None:
        async with self._turn:
            robots = await self._fleet.of_tenant_now(self._tenant_id)
            if self._told is None:
                self._told = {robot.robot_id: self._looks(robot) for robot in robots}
                return
            changed = [robot for robot in robots if self._told.get(robot.robot_id) != self._looks(robot)]
            async for some in in_pieces([robot for robot in changed if robot.robot_id not in self._touched]):
                for robot in some:
                    self._tell(robot)
            self._tell_missing({robot.robot_id for robot in robots})

    def _tell_missing(self, present: Collection[str]) -> None:
        for robot_id in [known for known in self._told or () if known not in present]:
            self._tell_gone(robot_id)

    def _tell(self, robot: Robot) -> None:
        if self._told is not None:
            self._told[robot.robot_id] = self._looks(robot)
        self.audience.tell(
            frame_of(robot, self._position(), self._clock.now_ms(), offline_after_ms=self._offline_after_ms)
        )

    def _tell_gone(self, robot_id: str) -> None:
        if self._told is not None:
            self._told.pop(robot_id, None)
        self.audience.tell(deleted_frame(robot_id, self._position(), self._clock.now_ms()))

    def _looks(self, robot: Robot) -> object:
        return looks_of(robot, self._clock.now_ms(), offline_after_ms=self._offline_after_ms)


def _robot_of(entry: ActivityEntry) -> str | None:
    """The robot that the event is about, or None."""
    if not entry.event_type.startswith(("robot_", "job_")):
        return None
    robot_id = msgspec.json.decode(entry.data_json).get("robot_id")
    return robot_id if isinstance(robot_id, str) else None
