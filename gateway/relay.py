"""The way to a service in another process: an ASGI application that speaks HTTP to it over kept connections."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import structlog
from starlette.types import Receive, Scope, Send

from gateway import socket_relay
from gateway.headers import Header
from gateway.hops import request_headers, response_headers, url_of
from gateway.inbound_body import Client, RestOfBody
from gateway.settings import GatewaySettings
from shared.kernel.errors import Unavailable

KEEP_ALIVE_SECONDS: Final = 4.0
"""Shorter than uvicorn's default of 5 s: the side that sends should be the one that hangs up."""
CONNECT_SECONDS: Final = 2.0
POOL_WAIT_SECONDS: Final = 5.0
AVOIDED_SECONDS: Final = 1.0
"""How long a replica that refused a connection is asked last."""
LASTING: Final = "lasting"
"""In the scope's state: the answer may go on for hours, and must not take a connection from the pool."""

_log: Final = structlog.get_logger(__name__)


@asynccontextmanager
async def open_session(settings: GatewaySettings) -> AsyncIterator[aiohttp.ClientSession]:
    """Pooled connections that pass things on as they are: no cookies, no decompression, no headers of their own."""
    async with _session(settings, settings.upstream_connections) as session:
        yield session


@asynccontextmanager
async def open_lasting_session(settings: GatewaySettings) -> AsyncIterator[aiohttp.ClientSession]:
    """Connections for sockets and event streams, which would use up a pool: the gateway counts them itself."""
    async with _session(settings, 0) as session:
        yield session


def _session(settings: GatewaySettings, most_per_host: int) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=most_per_host, keepalive_timeout=KEEP_ALIVE_SECONDS)
    timeout = aiohttp.ClientTimeout(
        total=None,
        connect=POOL_WAIT_SECONDS,
        sock_connect=CONNECT_SECONDS,
        sock_read=settings.upstream_timeout_seconds,
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )


def relays_of(
    settings: GatewaySettings, session: aiohttp.ClientSession, lasting: aiohttp.ClientSession
) -> dict[str, "HttpRelay"]:
    """A relay for every service that has an address."""
    return {name: HttpRelay(url, session, lasting) for name, url in settings.service_urls() if url}


class HttpRelay:
    """Relays to the service at `base_url`; the URLs of several replicas are separated by commas and take turns.

    A replica that cannot be connected to is passed over, which is safe for any request since nothing was sent. A
    request that was sent is sent again only when it is idempotent, its body is at hand, and a kept connection turned
    out to be dead: once, by aiohttp (RFC 9110 9.2.2). Raises `Unavailable` when no replica answers or an answer breaks
    off, and `ClientGone`. Sockets are relayed too, over connections of `lasting`.
    """

    def __init__(self, base_url: str, session: aiohttp.ClientSession, lasting: aiohttp.ClientSession) -> None:
        self._bases = [base.strip().rstrip("/") for base in base_url.split(",")]
        self._session = session
        self._lasting = lasting
        self._avoided_until = dict.fromkeys(self._bases, 0.0)
        self._n_requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._relay_socket(scope, receive, send)
            return
        with Client(receive) as client:
            body = await client.body(announced=_has_body(scope["headers"]))
            for base in self._in_turn():
                if await self._relay(base, scope, body, send):
                    return
        raise Unavailable("A service is not reachable.")

    def _in_turn(self) -> Sequence[str]:
        """Every replica once, those that refused a connection just now last."""
        if len(self._bases) == 1:
            return self._bases
        self._n_requests += 1
        first = self._n_requests % len(self._bases)
        now = asyncio.get_running_loop().time()
        return sorted(self._bases[first:] + self._bases[:first], key=lambda base: self._avoided_until[base] > now)

    async def _relay(self, base: str, scope: Scope, body: bytes | RestOfBody | None, send: Send) -> bool:
        """Hold the exchange with the replica at `base`; False when no connection could be made."""
        try:
            session = self._lasting if scope["state"].get(LASTING) else self._session
            async with session.request(
                scope["method"],
                url_of(base, scope),
                headers=request_headers(scope["headers"]),
                data=body.chunks() if isinstance(body, RestOfBody) else body,
                allow_redirects=False,
            ) as response:
                await _pass_back(response, send)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._avoid(base, error)
            return False
        except (aiohttp.ClientError, OSError) as error:
            _log.warning("upstream_failed", upstream=base, reason=f"{type(error).__name__}: {error}")
            raise Unavailable("A service did not answer.") from error
        return True

    async def _relay_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        for base in self._in_turn():
            try:
                upstream = await socket_relay.connect(self._lasting, base, scope)
            except (aiohttp.ClientError, OSError) as error:
                self._avoid(base, error)
            else:
                await socket_relay.hold(upstream, receive, send)
                return
        raise Unavailable("A service is not reachable.")

    def _avoid(self, base: str, error: Exception) -> None:
        self._avoided_until[base] = asyncio.get_running_loop().time() + AVOIDED_SECONDS
        _log.warning("upstream_unreachable", upstream=base, reason=type(error).__name__)


async def _pass_back(response: aiohttp.ClientResponse, send: Send) -> None:
    """Send the answer on, each chunk when it comes; the client's slowness slows the service."""
    headers = response_headers(response.raw_headers)
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    more = True
    while more:
        chunk = await response.content.readany()
        more = not response.content.at_eof()
        await send({"type": "http.response.body", "body": chunk, "more_body": more})


def _has_body(headers: Sequence[Header]) -> bool:
    """Whether a body was announced (RFC 9112 6.3)."""
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)
