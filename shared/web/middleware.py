"""Around every request of a service: identity, request id, crash barrier, HTTP metrics."""

import time
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kernel.errors import Unauthenticated
from shared.kernel.identity import ANONYMOUS, Identity
from shared.kernel.ids import new_id, sane_request_id
from shared.kernel.origin import Origin, originating
from shared.web.close_codes import CloseCode
from shared.web.presence import Presence
from shared.web.problems import crash_response, problem_response
from shared.web.tokens import CLIENT_HEADER, HEADER, InternalTokens

REQUEST_ID_HEADER: Final = "x-request-id"
TOKEN_PARAMETER: Final = "{token}"  # noqa: S105 - the name of a parameter, no secret
"""In a route's template: a part of the path that must not be logged."""
_BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30)

_log: Final = structlog.get_logger(__name__)


def header_of(scope: Scope, name: str) -> str | None:
    """The first value of header `name` (lower case), or None."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), None)


def request_id_of(scope: Scope) -> str:
    """The request's id: the caller's when sane, else one made here (clarifications 3)."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = sane_request_id(header_of(scope, REQUEST_ID_HEADER)) or new_id()
    request_id: str = state["request_id"]
    return request_id


class ServiceMiddleware:
    """Pure ASGI, so that it costs little and sees streamed bodies as they pass."""

    def __init__(self, app: ASGIApp, *, service: str, tokens: InternalTokens, registry: CollectorRegistry) -> None:
        self._app = app
        self._tokens = tokens
        self._seconds = Histogram(
            "casare_http_request_seconds",
            "Time to answer a request",
            ("service", "method", "route", "status"),
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._handle(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._converse(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket: the identity is verified once, when it opens; whoever forged one is told as it is closed."""
        request_id = request_id_of(scope)
        try:
            identity = scope["state"]["identity"] = self._identity(scope)
        except Unauthenticated as error:
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": CloseCode.AUTHENTICATION_FAILED, "reason": error.detail})
            return
        client = Presence(receive, send)
        try:
            with originating(_origin_of(scope, identity, request_id)):
                await self._app(scope, client.receive, client.send)
        except Exception as error:  # noqa: BLE001 - the crash barrier; the server closes what is left open
            if not client.explains(error):
                _log.exception("socket_crashed", service=self._service, path=_logged_path(scope), request_id=request_id)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id = request_id_of(scope)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            identity = scope["state"]["identity"] = self._identity(scope)
            with originating(_origin_of(scope, identity, request_id)):
                await self._app(scope, receive, send_with_id)
        except Unauthenticated as error:
            response = problem_response(error, instance=scope["path"], request_id=request_id)
            await response(scope, receive, send_with_id)
        except Exception:  # noqa: BLE001 - the crash barrier
            _log.exception("request_crashed", service=self._service, path=_logged_path(scope), request_id=request_id)
            if status == 0:
                response = crash_response(instance=scope["path"], request_id=request_id)
                await response(scope, receive, send_with_id)
        finally:
            self._observe(scope, status, time.perf_counter() - started)

    def _identity(self, scope: Scope) -> Identity:
        token = header_of(scope, HEADER)
        return ANONYMOUS if token is None else self._tokens.verify(token)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._seconds.labels(self._service, scope["method"], route, str(status)).observe(seconds)


def _logged_path(scope: Scope) -> str:
    """The path as logs may have it: without the token of a webhook's URL."""
    template: str = getattr(scope.get("route"), "path", "")
    return template if TOKEN_PARAMETER in template else scope["path"]


def _origin_of(scope: Scope, identity: Identity, request_id: str) -> Origin:
    """The gateway's word about the client's address counts only beside its token, which was verified."""
    told = header_of(scope, CLIENT_HEADER) if header_of(scope, HEADER) is not None else None
    return Origin(identity.kind, identity.subject, told or "", request_id)
