"""Making the robot known to the server, and again when the server has forgotten it."""

import asyncio
import socket

import structlog

from robot.backoff import Backoff
from robot.client import OrchestratorClient
from robot.protocol import Registration, TryAgain, Unknown
from robot.settings import RobotSettings

_LOG = structlog.get_logger()


class Registrar:
    """Registers until the server answers. `generation` counts the registrations so far.

    `held` are the jobs that the server counted as this robot's at the last one.
    """

    def __init__(self, settings: RobotSettings, client: OrchestratorClient, backoff: Backoff) -> None:
        self._client = client
        self._backoff = backoff
        self._lock = asyncio.Lock()
        self.generation = 0
        self.held: list[str] = []
        self._registration = Registration(
            robot_id=settings.id,
            name=settings.name or settings.id,
            hostname=(socket.gethostname() or settings.id)[:256],
            environment=settings.environment,
            max_concurrent_jobs=settings.max_concurrent_jobs,
            capabilities=settings.capabilities,
            tags=settings.tags,
        )

    @property
    def registration(self) -> Registration:
        """Returns what the robot says about itself."""
        return self._registration

    async def register(self) -> None:
        """Returns once the robot is registered. Raises AccessRefused, NotHeld or CallRejected when it will not be."""
        await self.register_again(self.generation)

    async def register_again(self, generation: int) -> None:
        """Registers unless someone else has done so since `generation`."""
        async with self._lock:
            if self.generation == generation:
                await self._register()
                self.generation += 1

    async def _register(self) -> None:
        self._backoff.reset()
        while True:
            try:
                self.held = await self._client.register(self._registration)
            except (TryAgain, Unknown) as error:
                _LOG.warning("registration_delayed", error=str(error))
                await asyncio.sleep(self._backoff.next_seconds(getattr(error, "retry_after", None)))
            else:
                _LOG.info("robot_registered", robot_id=self._registration.robot_id)
                return
