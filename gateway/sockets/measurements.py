"""Metrics of sockets: how many are open, and how those that ended did."""

from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.routing import SocketKind
from gateway.sockets.open_sockets import OpenSockets
from shared.web.close_codes import CloseCode

_KNOWN: Final = frozenset(int(code) for code in CloseCode)
_OTHER: Final = "other"
"""Clients choose among thousands of codes; each would be a time series."""
_UNMATCHED: Final = "unmatched"


class SocketMeasurements:
    """Open sockets by kind, ended ones by kind and close code."""

    def __init__(self, registry: CollectorRegistry, sockets: OpenSockets) -> None:
        n_open = Gauge("casare_gateway_open_sockets", "Open WebSockets and event streams", ("kind",), registry=registry)
        for kind in SocketKind:
            n_open.labels(kind.value).set_function(partial(_number, sockets, kind))
        self._n_closed = Counter(
            "casare_gateway_sockets_closed_total",
            "WebSockets that were closed or refused",
            ("kind", "code"),
            registry=registry,
        )

    def closed(self, kind: SocketKind | None, code: int) -> None:
        """Count one that ended; `kind` None: there is no such socket."""
        self._n_closed.labels(
            _UNMATCHED if kind is None else kind.value, str(int(code)) if code in _KNOWN else _OTHER
        ).inc()


def _number(sockets: OpenSockets, kind: SocketKind) -> float:
    return float(sockets.of_kind(kind))
