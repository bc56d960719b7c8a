"""What the gateway answers itself: health, metrics and documentation. No credential, no bucket, no tenant's data."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from gateway.documentation import STATIC, ApiDocument, docs_page, file_response, start_script, static_files
from gateway.health import Health
from gateway.routing import Route
from shared.web.app import HealthCheck

Page = Callable[[], Awaitable[Response]]
Exposition = Callable[[], bytes]
"""The metrics to show, in Prometheus' text format."""


def pages_of(
    upstreams: Mapping[str, ASGIApp],
    routes: Sequence[Route],
    own_checks: Mapping[str, HealthCheck],
    metrics: CollectorRegistry | Exposition,
) -> dict[str, Page]:
    """Every page by its path."""
    health = Health(upstreams, own_checks)
    return {
        "/": partial(_redirect, "/docs"),
        "/health": health.summary,
        "/health/live": health.live,
        "/health/ready": health.ready,
        "/metrics": partial(_metrics_page, metrics),
        "/openapi.json": ApiDocument(upstreams, routes).page,
        "/docs": docs_page,
        f"{STATIC}start.js": start_script,
        **{path: partial(_file_page, file) for path, file in static_files().items()},
    }


async def _metrics_page(metrics: CollectorRegistry | Exposition) -> Response:
    text = generate_latest(metrics) if isinstance(metrics, CollectorRegistry) else metrics()
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _redirect(target: str) -> Response:
    return RedirectResponse(target)


async def _file_page(path: Path) -> Response:
    return file_response(path)
