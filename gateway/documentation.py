"""`/openapi.json` and `/docs`: the merged document, and a page that shows it without reaching for the internet."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp

from gateway.calls import call
from gateway.openapi import merged
from gateway.routing import Route
from shared.kernel.errors import Unavailable

KEPT_SECONDS: Final = 60.0
"""A service that was upgraded shows its new routes within this."""
STATIC: Final = "/docs/static/"
_SECURE: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Swagger UI sets styles in line; scripts come from here and nowhere else."""
_PAGE: Final = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>CasareRPA Orchestrator API</title>
<link rel="icon" href="{STATIC}favicon.png">
<link rel="stylesheet" href="{STATIC}swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{STATIC}swagger-ui-bundle.js"></script>
<script src="{STATIC}start.js"></script>
</body>
</html>
"""
_START: Final = """\
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
_ASSETS: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")


class ApiDocument:
    """The merged document, put together when asked for and kept for a minute."""

    def __init__(self, upstreams: Mapping[str, ASGIApp], routes: Sequence[Route]) -> None:
        self._upstreams = upstreams
        self._routes = routes
        self._document = b""
        self._built_at: float | None = None
        self._building = asyncio.Lock()

    async def page(self) -> Response:
        """`/openapi.json`. Raises `Unavailable` while a service cannot be asked and nothing is kept."""
        async with self._building:
            if self._built_at is None or time.monotonic() - self._built_at >= KEPT_SECONDS:
                await self._build()
        return Response(self._document, media_type="application/json", headers={"X-Content-Type-Options": "nosniff"})

    async def _build(self) -> None:
        try:
            documents = await asyncio.gather(*(_document_of(app) for app in self._upstreams.values()))
        except Unavailable:
            if self._document:
                return
            raise
        self._document = msgspec.json.encode(merged(dict(zip(self._upstreams, documents, strict=True)), self._routes))
        self._built_at = time.monotonic()


async def _document_of(app: ASGIApp) -> dict[str, Any]:
    answer = await call(app, "GET", "/openapi.json")
    if answer.status != 200:
        raise Unavailable("A service does not describe itself now.")
    try:
        return msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Unavailable("A service's description cannot be read.") from error


async def docs_page() -> Response:
    """`/docs`."""
    return HTMLResponse(_PAGE, headers=_SECURE)


async def start_script() -> Response:
    """What the page runs: no script stands in the page itself, so that none need be allowed there."""
    return Response(_START, media_type="text/javascript", headers=_SECURE)


def static_files() -> dict[str, Path]:
    """Swagger UI's files by the path under which they are served."""
    folder = Path(str(files("fastapi_offline").joinpath("static")))
    return {f"{STATIC}{name}": folder / name for name in _ASSETS}


def file_response(path: Path) -> Response:
    """One of `static_files`."""
    return FileResponse(path, headers={**_SECURE, "Cache-Control": "public, max-age=3600"})
