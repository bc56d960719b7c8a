"""The gateway itself: request id, route, identity, bucket, relay. Pure ASGI: what it adds to a request is look-ups."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.admission import Admission
from gateway.bodies import Body, body_rules
from gateway.client_address import ClientAddresses
from gateway.errors import ClientGone, Refusal
from gateway.event_streams import EventStreams
from gateway.exchange import Exchange
from gateway.headers import Inbound, outbound, sort_out
from gateway.identity import AuthClient, Identities, split_query
from gateway.limits import Buckets, limited, refuse_unknown_buckets
from gateway.matching import RouteTable
from gateway.measurements import Measurements
from gateway.pages import Exposition, Page, pages_of
from gateway.refusals import NOTED, Refusals
from gateway.relay import LASTING
from gateway.routing import Route, SocketRoute, all_routes, all_sockets
from gateway.server_protocol import acknowledge_lifespan
from gateway.settings import GatewaySettings
from gateway.sockets import SocketDoor
from gateway.sockets.admission import SocketAdmission
from gateway.sockets.open_sockets import OpenSockets
from gateway.sockets.watch import Watch
from shared.kernel.errors import CasareError
from shared.kernel.identity import Identity
from shared.web import periodic
from shared.web.runtime import Runtime

CLIENT_CLOSED_REQUEST: Final = 499
"""In metrics only: nobody was there to be told."""

_log: Final = structlog.get_logger(__name__)


def create_gateway(
    settings: GatewaySettings,
    upstreams: Mapping[str, ASGIApp],
    runtime: Runtime,
    *,
    metrics_registry: CollectorRegistry | Exposition | None = None,
) -> "Gateway":
    """The gateway in front of `upstreams`: services of this process, or relays to others; `auth` must be among them.

    `metrics_registry` is what `/metrics` shows, by default the runtime's. Serve it within `running()`.
    Raises `SettingsError`.
    """
    refuse_unknown_buckets([*all_routes(), *all_sockets()], settings)
    routes = [route for route in limited(all_routes(), settings) if route.upstream in upstreams]
    sockets = [socket for socket in limited(all_sockets(), settings) if socket.upstream in upstreams]
    buckets = Buckets(settings)
    pages = pages_of(upstreams, routes, {"buckets": buckets.check}, metrics_registry or runtime.registry)
    return Gateway(
        settings,
        upstreams,
        runtime,
        routes=RouteTable(routes),
        sockets=RouteTable(sockets),
        pages=pages,
        buckets=buckets,
    )


class Gateway:
    """An ASGI application; `create_gateway` makes it."""

    def __init__(
        self,
        settings: GatewaySettings,
        upstreams: Mapping[str, ASGIApp],
        runtime: Runtime,
        *,
        routes: RouteTable[Route],
        sockets: RouteTable[SocketRoute],
        pages: Mapping[str, Page],
        buckets: Buckets,
    ) -> None:
        self._upstreams = dict(upstreams)
        self._runtime = runtime
        self._routes = routes
        self._pages = pages
        self._buckets = buckets
        self._addresses = ClientAddresses(settings.trusted_proxies)
        self._behind_proxy = settings.trusted_proxies > 0
        self._body_rules = body_rules(settings)
        self._measurements = Measurements(runtime.registry, buckets)
        auth = AuthClient(upstreams["auth"], runtime.tokens)
        self._refusals = Refusals(auth.keep_refusals, runtime.clock, runtime.new_id, runtime.registry)
        self._identities = Identities(
            auth,
            runtime.clock,
            issuer=settings.token_issuer,
            api_key_cache_ms=round(settings.api_key_cache_seconds * 1000),
        )
        self._admission = Admission(self._identities, buckets)
        open_sockets = OpenSockets(settings)
        self._watch = Watch(self._identities, runtime.clock)
        self._streams = EventStreams(open_sockets, self._watch)
        self._sockets = SocketDoor(
            settings,
            upstreams,
            runtime,
            routes=sockets,
            admission=SocketAdmission(self._identities, buckets, settings.origins),
            open_sockets=open_sockets,
            watch=self._watch,
            refusals=self._refusals,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear of revocations, and keep keys and lists fresh, until the block ends."""
        await self._identities.attach(self._runtime.bus)
        duties = [*self._identities.duties(), *self._watch.duties(), self._refusals.duty()]
        try:
            async with periodic.running(duties, self._runtime.registry):
                yield
        finally:
            await self._refusals.flush_at_the_end()
            await self._buckets.close()

    def drain(self) -> None:
        """The process stops: open no sockets any more, and end what would go on for hours."""
        self._sockets.drain()
        self._streams.drain()

    async def verify_connected(self) -> None:
        """Verify the credentials of all who are connected anew, without waiting until it is time."""
        await self._watch.ask()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._sockets.serve(scope, receive, send)
        else:
            await acknowledge_lifespan(receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        inbound = sort_out(scope["headers"])
        exchange = Exchange(scope, send, inbound.request_id() or self._runtime.new_id())
        try:
            await self._serve(scope, receive, inbound, exchange)
        except (CasareError, Refusal) as error:
            await exchange.refuse(error)
        except ClientGone:
            exchange.status = exchange.status or CLIENT_CLOSED_REQUEST
        except Exception:  # noqa: BLE001 - the crash barrier
            await exchange.crash()
        finally:
            self._note(exchange, scope["method"], time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, inbound: Inbound, exchange: Exchange) -> None:
        methods = self._routes.methods_at(scope)
        exchange.route = methods.get(scope["method"])
        if exchange.route is None:
            await self._serve_page(scope, receive, methods, exchange)
        else:
            await self._relay(exchange.route, scope, receive, inbound, exchange)

    async def _relay(self, route: Route, scope: Scope, receive: Receive, inbound: Inbound, exchange: Exchange) -> None:
        in_query: list[str] = []
        if route.streams:
            in_query, query = split_query(scope["query_string"])
            scope = {**scope, "query_string": query}
        address = exchange.address = self._addresses.of(scope.get("client"), inbound.all(b"x-forwarded-for"))
        caller = await self._admission.admit(route, inbound, address, exchange, in_query)
        body = exchange.body = Body(receive, self._body_rules[route.body])
        body.refuse_at_once(inbound)
        if route.ends_session:
            exchange.on_status = lambda status: self._end_session(caller.identity, status)
        headers = outbound(
            inbound,
            identity_token=self._runtime.tokens.sign(caller.identity),
            request_id=exchange.request_id,
            address=address,
            scheme=scope.get("scheme", "http"),
            behind_proxy=self._behind_proxy,
        )
        scope = {**scope, "headers": headers, "state": {LASTING: True} if route.streams else {}}
        if route.streams and exchange.credential is not None:
            service = partial(self._upstreams[route.upstream], scope, body.receive)
            await self._streams.hold(service, caller, exchange.credential, exchange)
        else:
            await self._upstreams[route.upstream](scope, body.receive, exchange.send)
        if body.refusal is not None and not exchange.status:
            raise body.refusal

    def _end_session(self, identity: Identity, status: int) -> None:
        if status == 200 and identity.session_id is not None:
            self._identities.end_session(identity.session_id)

    async def _serve_page(
        self, scope: Scope, receive: Receive, methods: Mapping[str, Route], exchange: Exchange
    ) -> None:
        page = self._pages.get(scope["path"])
        if page is None and not methods:
            raise Refusal(404, "There is no such route.")
        if page is None or scope["method"] not in ("GET", "HEAD"):
            allowed = sorted(methods) or ["GET", "HEAD"]
            raise Refusal(405, "This route does not have that method.", {"Allow": ", ".join(allowed)})
        response = await page()
        await response(scope, receive, exchange.send)

    def _note(self, exchange: Exchange, method: str, seconds: float) -> None:
        self._measurements.observe(exchange.route, exchange.status, seconds)
        if exchange.status in NOTED and exchange.route is not None and not exchange.route.audited_by_service:
            self._note_refusal(exchange, exchange.route)
        # An unready service answers its health checks as it should; only failed requests are news.
        is_news = exchange.status >= 500 and not exchange.path.startswith("/health")
        log = _log.warning if is_news else _log.debug
        log(
            "request_answered",
            method=method,
            path=exchange.logged_path,
            status=exchange.status,
            request_id=exchange.request_id,
            milliseconds=round(seconds * 1000, 1),
        )

    def _note_refusal(self, exchange: Exchange, route: Route) -> None:
        self._refusals.note(
            route,
            path=exchange.logged_path,
            status=exchange.status,
            caller=exchange.caller,
            address=exchange.address,
            request_id=exchange.request_id,
            code=exchange.code,
            claimed_key_id=exchange.claimed_key_id,
        )
