"""What the live streams measure of themselves. Tenants are no labels: there may be very many."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class StreamFigures:
    """Open streams, frames and clients that were dropped, by stream."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = Gauge("casare_live_streams", "Live streams that are open", ("stream",), registry=registry)
        self._frames = Counter(
            "casare_live_frames_total", "Frames sent to clients of live streams", ("stream",), registry=registry
        )
        self._dropped = Counter(
            "casare_live_slow_clients_total",
            "Clients dropped because they did not read fast enough",
            ("stream",),
            registry=registry,
        )

    def opened(self, stream: str) -> None:
        """One more is open."""
        self._open.labels(stream).inc()

    def closed(self, stream: str) -> None:
        """One less is open."""
        self._open.labels(stream).dec()

    def sent(self, stream: str) -> None:
        """A frame went out."""
        self._frames.labels(stream).inc()

    def dropped(self, stream: str) -> None:
        """A client was too slow."""
        self._dropped.labels(stream).inc()
