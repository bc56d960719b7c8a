"""A SOCKS5 proxy on loopback (RFC 1928) through which a browser reaches only addresses that were checked.

Each name is looked up here, once, and what was checked is connected to: pages, redirects, scripts and web sockets,
whatever a name leads to the next time.
"""

import asyncio
import ipaddress
import socket
from typing import Final, Self

from robot.addresses import AddressRules, InternalAddress

_VERSION: Final = 5
_CONNECT: Final = 1
_SUCCEEDED, _FAILED, _NOT_ALLOWED, _UNREACHABLE, _UNKNOWN_COMMAND = 0, 1, 2, 4, 7
_IPV4, _NAME, _IPV6 = 1, 3, 4
_HANDSHAKE_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 30.0
_CHUNK: Final = 65_536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class GuardedSocks:
    """A started proxy; `refusals` counts the connections it did not allow."""

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.refusals = 0

    async def start(self) -> Self:
        """Listens on a free port of this machine."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    @property
    def address(self) -> str:
        """Returns what to tell a browser."""
        assert self._server is not None
        return f"socks5://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Ends the proxy and every connection through it."""
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS + _CONNECT_SECONDS):
                outside = await self._connected(reader, writer)
            if outside is not None:
                await _relay((reader, writer), outside)
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError):
            pass  # one side went away, or the proxy is closed
        finally:
            self._open.discard(task)
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Streams | None:
        version, n_methods = await reader.readexactly(2)
        await reader.readexactly(n_methods)
        if version != _VERSION:
            return None
        writer.write(bytes([_VERSION, 0]))
        _, command, _, kind = await reader.readexactly(4)
        host = await _host(reader, kind)
        port = int.from_bytes(await reader.readexactly(2))
        answer, outside = (_UNKNOWN_COMMAND, None) if command != _CONNECT else await self._connect(host, port)
        writer.write(bytes([_VERSION, answer, 0, _IPV4]) + bytes(6))
        await writer.drain()
        return outside

    async def _connect(self, host: str, port: int) -> tuple[int, Streams | None]:
        try:
            addresses = await self._checked(host, port)
        except InternalAddress:
            self.refusals += 1
            return _NOT_ALLOWED, None
        except OSError:
            return _UNREACHABLE, None
        for address in addresses:
            try:
                return _SUCCEEDED, await asyncio.open_connection(address, port)
            except OSError:
                continue
        return _FAILED, None

    async def _checked(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._rules.trusts(host, port):
            for address in addresses:
                self._rules.check(address)
        return addresses


async def _host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == _NAME:
        length = (await reader.readexactly(1))[0]
        return (await reader.readexactly(length)).decode("ascii", "replace")
    n_bytes = {_IPV4: 4, _IPV6: 16}.get(kind, 0)
    return str(ipaddress.ip_address(await reader.readexactly(n_bytes))) if n_bytes else ""


async def _relay(inside: Streams, outside: Streams) -> None:
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_pass_on(inside[0], outside[1]))
            both.create_task(_pass_on(outside[0], inside[1]))
    except* OSError:
        pass
    finally:
        outside[1].close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
