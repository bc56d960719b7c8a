"""A socket's way in: page, credential, bucket, number of connections, and then the service."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import quote, unquote

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.client_address import ClientAddresses
from gateway.headers import Inbound, outbound, sort_out
from gateway.matching import RouteTable
from gateway.refusals import Refusals
from gateway.routing import SocketKind, SocketRoute
from gateway.settings import MEGABYTE, GatewaySettings
from gateway.sockets.admission import Admitted, Attempt, SocketAdmission
from gateway.sockets.connection import Connection
from gateway.sockets.measurements import SocketMeasurements
from gateway.sockets.open_sockets import OpenSockets
from gateway.sockets.refusal import CRASHED, NO_SUCH_SOCKET, RESTARTING, SocketRefused, ending_of
from gateway.sockets.watch import Watch
from shared.kernel.errors import CasareError, Unauthenticated
from shared.web.close_codes import CloseCode
from shared.web.runtime import Runtime

MAX_MESSAGE_BYTES: Final = {SocketKind.ROBOT: MEGABYTE, SocketKind.STREAM: 64_000}
"""Of what clients send. Services send as much as a workflow is large."""
_STATUSES: Final[dict[int, int]] = {CloseCode.AUTHENTICATION_FAILED: 401, CloseCode.FORBIDDEN: 403}
"""What the audit calls a refusal of somebody."""

_log: Final = structlog.get_logger(__name__)


class SocketDoor:
    """Every WebSocket of the gateway."""

    def __init__(
        self,
        settings: GatewaySettings,
        upstreams: Mapping[str, ASGIApp],
        runtime: Runtime,
        *,
        routes: RouteTable[SocketRoute],
        admission: SocketAdmission,
        open_sockets: OpenSockets,
        watch: Watch,
        refusals: Refusals,
    ) -> None:
        self._upstreams = upstreams
        self._runtime = runtime
        self._routes = routes
        self._admission = admission
        self._refusals = refusals
        self._addresses = ClientAddresses(settings.trusted_proxies)
        self._behind_proxy = settings.trusted_proxies > 0
        self._open = open_sockets
        self._watch = watch
        self._measurements = SocketMeasurements(runtime.registry, self._open)
        self._draining = False

    def drain(self) -> None:
        """Let nobody in any more: the process stops, and the server closes what is open with 1012."""
        self._draining = True

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One socket, from its handshake until both sides are closed. Raises nothing."""
        await receive()
        inbound = sort_out(scope["headers"])
        request_id = inbound.request_id() or self._runtime.new_id()
        address = self._addresses.of(scope.get("client"), inbound.all(b"x-forwarded-for"))
        attempt = Attempt(request_id, scope["path"], address)
        connection = Connection(receive, send, request_id, self._runtime.clock.now_ms)
        try:
            await self._serve(scope, inbound, attempt, connection)
        except SocketRefused as refused:
            await connection.end(refused.ending)
        except CasareError as error:
            attempt.code = error.code
            await connection.end(ending_of(error))
        except Exception:  # noqa: BLE001 - the crash barrier
            _log.exception("socket_crashed", path=attempt.path, request_id=request_id)
            await connection.end(CRASHED)
        finally:
            self._note(attempt, connection)

    async def _serve(self, scope: Scope, inbound: Inbound, attempt: Attempt, connection: Connection) -> None:
        route = attempt.route = self._routes.methods_at(scope).get("GET")
        if route is None:
            raise SocketRefused(NO_SUCH_SOCKET)
        if self._draining:
            raise SocketRefused(RESTARTING)
        admitted = await self._admission.admit(route, inbound, scope["query_string"], attempt)

        async def end(reason: Unauthenticated) -> None:
            attempt.was_open = True
            await connection.end(ending_of(reason))

        caller = admitted.caller
        with self._open.counted(route.kind, caller), self._watch.over(caller, admitted.credential, end):
            _log.debug("socket_opened", path=attempt.path, request_id=attempt.request_id)
            service = partial(
                self._upstreams[route.upstream], self._scope_for(route, scope, inbound, admitted, attempt)
            )
            await connection.hold(service, MAX_MESSAGE_BYTES[route.kind])

    def _scope_for(
        self, route: SocketRoute, scope: Scope, inbound: Inbound, admitted: Admitted, attempt: Attempt
    ) -> Scope:
        headers = outbound(
            inbound,
            identity_token=self._runtime.tokens.sign(admitted.caller.identity),
            request_id=attempt.request_id,
            address=attempt.address,
            scheme=scope.get("scheme", "ws"),
            behind_proxy=self._behind_proxy,
        )
        raw_path = target_of(route, scope)
        return {
            **scope,
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": admitted.query,
            "headers": headers,
            "extensions": {},  # a refusal as an HTTP answer would come too late
            "state": {},
        }

    def _note(self, attempt: Attempt, connection: Connection) -> None:
        code = connection.close_code or CloseCode.CRASHED
        route = attempt.route
        self._measurements.closed(route.kind if route is not None else None, code)
        status = _STATUSES.get(code)
        if status is not None and route is not None and not attempt.was_open:
            self._refusals.note(
                route,
                path=attempt.path,
                status=status,
                caller=attempt.caller.identity,
                address=attempt.address,
                request_id=attempt.request_id,
                code=attempt.code,
                claimed_key_id=attempt.claimed_key_id,
            )
        _log.debug("socket_closed", path=attempt.path, code=int(code), request_id=attempt.request_id)


def target_of(route: SocketRoute, scope: Scope) -> bytes:
    """The service's path for a socket; a parameter's value as it was received."""
    fixed, parameter, _ = route.target.partition("{")
    if not parameter:
        return fixed.encode()
    raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return fixed.encode() + raw_path.rpartition(b"/")[2]
