"""`/health`, `/health/live` and `/health/ready`: the gateway's own state and that of what it stands before."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from gateway.calls import call
from shared.kernel.errors import Unavailable
from shared.web.app import HealthCheck, readiness_response, run_checks

CHECK_TIMEOUT_SECONDS: Final = 2.0
REMEMBERED_SECONDS: Final = 1.0


class Health:
    """Asks every service whether it is ready, all at once, and at most once a second."""

    def __init__(self, upstreams: Mapping[str, ASGIApp], own_checks: Mapping[str, HealthCheck]) -> None:
        self._checks = {name: _readiness_of(app) for name, app in upstreams.items()} | dict(own_checks)
        self._outcomes: dict[str, str] = {}
        self._checked_at: float | None = None
        self._checking = asyncio.Lock()

    async def live(self) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self) -> Response:
        """503 while any dependency is down (contract, beyond)."""
        return readiness_response(await self._check())

    async def summary(self) -> Response:
        """Always 200: `ok`, or `degraded` when something is not as it should be."""
        outcomes = await self._check()
        status = "ok" if all(outcome == "ok" for outcome in outcomes.values()) else "degraded"
        return JSONResponse({"status": status, "checks": outcomes})

    async def _check(self) -> dict[str, str]:
        async with self._checking:
            if self._checked_at is None or time.monotonic() - self._checked_at >= REMEMBERED_SECONDS:
                outcomes = await asyncio.gather(
                    *(run_checks({name: _in_time(check)}) for name, check in self._checks.items())
                )
                self._outcomes = {name: outcome for each in outcomes for name, outcome in each.items()}
                self._checked_at = time.monotonic()
            return self._outcomes


def _readiness_of(app: ASGIApp) -> HealthCheck:
    async def check() -> None:
        answer = await call(app, "GET", "/health/ready")
        if answer.status != 200:
            raise Unavailable("not ready")

    return check


def _in_time(check: HealthCheck) -> HealthCheck:
    async def check_in_time() -> None:
        try:
            await asyncio.wait_for(check(), CHECK_TIMEOUT_SECONDS)
        except TimeoutError as error:
            raise Unavailable("no answer in time") from error

    return check_in_time
