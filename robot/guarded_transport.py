"""HTTP to addresses that were checked: what is checked is what is connected to."""

import asyncio
import socket

import httpx

from robot.addresses import AddressRules, InternalAddress


class AddressRefused(httpx.RequestError):
    """The host leads to an internal address."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """Looks the host up once, refuses it when any of its addresses is internal, and connects to one it has seen.

    A name that leads elsewhere the next time it is asked for (DNS rebinding) gains nothing by that. Redirects come
    through here again, one by one. Certificates are checked for the name, not the address; no connection is kept, so
    that none opened for one name serves another on the same address.
    """

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self._plain = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Returns the answer. Raises AddressRefused, or httpx.ConnectError when no address answers."""
        host = request.url.raw_host.decode("ascii")
        addresses = await self._addresses(host, request)
        for address in addresses[:-1]:
            try:
                return await self._plain.handle_async_request(_to(address, host, request))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._plain.handle_async_request(_to(addresses[-1], host, request))

    async def _addresses(self, host: str, request: httpx.Request) -> list[str]:
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError("the host's name leads nowhere", request=request) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._rules.trusts(host, port):
            try:
                for address in addresses:
                    self._rules.check(address)
            except InternalAddress as error:
                raise AddressRefused("the host leads to an internal address", request=request) from error
        return addresses

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._plain.aclose()


def _to(address: str, host: str, request: httpx.Request) -> httpx.Request:
    # A new request: the client builds redirects from the address of the one it sent.
    extensions = dict(request.extensions)
    if request.url.scheme == "https":
        extensions["sni_hostname"] = host
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )
