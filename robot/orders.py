"""What users tell a robot: `pause`, `resume`, `drain` (contract beyond, `heartbeat_ack.commands`)."""

import asyncio
from collections.abc import Iterable

import structlog

_LOG = structlog.get_logger()


class Orders:
    """Carries out commands; each may come again and again while it holds, which changes nothing.

    A request for work that is under way is not cut off: the server gives a paused robot nothing, and a job that was
    given to it just before would be nobody's.
    """

    def __init__(self) -> None:
        self._may_claim = asyncio.Event()
        self._may_claim.set()
        self.drained = asyncio.Event()

    @property
    def draining(self) -> bool:
        """Returns whether the robot is to finish what it runs, and leave."""
        return self.drained.is_set()

    @property
    def takes_jobs(self) -> bool:
        """Returns whether new jobs are wanted."""
        return self._may_claim.is_set() and not self.draining

    def obey(self, commands: Iterable[str]) -> None:
        """Carries out the commands; unknown ones are only logged."""
        for command in commands:
            if command == "drain":
                self._drain()
            elif command == "pause":
                self._pause()
            elif command == "resume":
                self._resume()
            else:
                _LOG.warning("command_unknown", command=command[:64])

    async def wants_jobs(self) -> bool:
        """Returns True as soon as new jobs are wanted, False when the robot is to leave."""
        await self._may_claim.wait()
        return not self.draining

    def _drain(self) -> None:
        if not self.draining:
            _LOG.info("robot_draining")
            self.drained.set()
            self._may_claim.set()

    def _pause(self) -> None:
        if self._may_claim.is_set() and not self.draining:
            _LOG.info("robot_paused")
            self._may_claim.clear()

    def _resume(self) -> None:
        if not self._may_claim.is_set():
            _LOG.info("robot_resumed")
            self._may_claim.set()
