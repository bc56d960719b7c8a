"""The gateway's own metrics. Labels are route templates, never ids."""

from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram

from gateway.limits import Buckets
from gateway.routing import Route

_BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30)
_UNMATCHED: Final = "unmatched"


class Measurements:
    """Time and status of every answer, by route."""

    def __init__(self, registry: CollectorRegistry, buckets: Buckets) -> None:
        self._seconds = Histogram(
            "casare_gateway_request_seconds",
            "Time to answer a request from outside",
            ("upstream", "method", "route", "status"),
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )
        self._children: dict[tuple[Route | None, int], Histogram] = {}
        local = Gauge(
            "casare_gateway_local_buckets",
            "1 while Redis is lost and this gateway counts requests by itself",
            registry=registry,
        )
        local.set_function(lambda: float(buckets.degraded))

    def observe(self, route: Route | None, status: int, seconds: float) -> None:
        """Count one answer; `route` None: no such route, or a page of the gateway itself."""
        child = self._children.get((route, status))
        if child is None:
            child = self._children[route, status] = self._child(route, status)
        child.observe(seconds)

    def _child(self, route: Route | None, status: int) -> Histogram:
        if route is None:
            return self._seconds.labels("gateway", _UNMATCHED, _UNMATCHED, str(status))
        return self._seconds.labels(route.upstream, route.method, route.path, str(status))
