"""What operators watch of the robots' sockets."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.dispatcher.api.robot_socket.messages import MODELS

UNKNOWN: Final = "unknown"


class Measures:
    """Counters of one dispatcher; no robot and no job is a label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._frames = Counter(
            "casare_robot_frames_total", "Messages on robots' sockets", ("direction", "type"), registry=registry
        )
        self._assignments = Counter(
            "casare_robot_assignments_total", "What became of pushed jobs", ("outcome",), registry=registry
        )
        self._closed = Counter(
            "casare_robot_sockets_closed_total",
            "Robots' sockets that were closed, by code",
            ("code",),
            registry=registry,
        )

    def watch(self, n_connected: Callable[[], int]) -> None:
        """Export how many robots are connected."""
        gauge = Gauge("casare_robot_sockets", "Robots that are connected by socket", registry=self._registry)
        gauge.set_function(n_connected)

    def sent(self, kind: str) -> None:
        """A message was sent."""
        self._frames.labels("out", kind).inc()

    def received(self, kind: str) -> None:
        """A message came; a robot's own names for messages are no labels."""
        self._frames.labels("in", kind if kind in MODELS else UNKNOWN).inc()

    def assigned(self, outcome: str) -> None:
        """A pushed job was `accepted`, `rejected`, `unanswered` or `withdrawn`."""
        self._assignments.labels(outcome).inc()

    def closed(self, code: int) -> None:
        """A socket was closed by this side."""
        self._closed.labels(str(code)).inc()
