"""Since when robots that come back again and again wait for a job."""

from typing import Final

FORGOTTEN_AFTER_SECONDS: Final = 5.0
"""A robot that does not ask again for so long begins anew."""


class Turns:
    """Remembers each waiting robot's turn between its calls.

    A long poll ends and the next one begins: the robot would lose its place each time to those that hold a socket
    open. So it waits since it first came, until it is given a job or stays away.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], tuple[float, float]] = {}
        self._swept = 0.0

    def waits_since(self, tenant_id: str, robot_id: str, now: float) -> float:
        """When the robot, which asks at `now` (seconds), began to wait."""
        since, asked = self._waiting.get((tenant_id, robot_id), (now, now))
        if now - asked > FORGOTTEN_AFTER_SECONDS:
            since = now
        self._waiting[tenant_id, robot_id] = since, now
        self._sweep(now)
        return since

    def served(self, tenant_id: str, robot_id: str) -> None:
        """The robot got a job: its next wait begins when it asks again."""
        self._waiting.pop((tenant_id, robot_id), None)

    def _sweep(self, now: float) -> None:
        """Forget who stayed away, now and then, so that memory follows the fleet."""
        if now - self._swept < FORGOTTEN_AFTER_SECONDS:
            return
        self._swept = now
        gone = [key for key, (_, asked) in self._waiting.items() if now - asked > FORGOTTEN_AFTER_SECONDS]
        for key in gone:
            del self._waiting[key]
