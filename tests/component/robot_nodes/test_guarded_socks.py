"""The browser's proxy, spoken to as RFC 1928 says."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from robot.addresses import AddressRules
from robot.guarded_socks import GuardedSocks

GREETING = b"\x05\x01\x00"


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """A port that sends back what it is sent."""

    async def send_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1_000):
            writer.write(chunk)
        writer.close()

    server = await asyncio.start_server(send_back, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def _proxy(*allow: str) -> AsyncIterator[tuple[GuardedSocks, asyncio.StreamReader, asyncio.StreamWriter]]:
    proxy = await GuardedSocks(AddressRules.of(block_internal=True, allow=allow)).start()
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(proxy.address).port)
    try:
        yield proxy, reader, writer
    finally:
        writer.close()
        await proxy.close()


def _to(host: str, port: int, *, command: int = 1) -> bytes:
    """A request for a connection, by name or address."""
    try:
        address = ipaddress.ip_address(host)
        place = bytes([1 if address.version == 4 else 4]) + address.packed
    except ValueError:
        place = bytes([3, len(host)]) + host.encode()
    return bytes([5, command, 0]) + place + port.to_bytes(2)


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    writer.write(GREETING + request)
    assert await reader.readexactly(2) == b"\x05\x00"
    return (await reader.readexactly(10))[1]


async def test_an_allowed_connection_carries_bytes_both_ways(echo: int) -> None:
    async with _proxy("localhost") as (proxy, reader, writer), asyncio.timeout(10):
        assert await _asked(reader, writer, _to("localhost", echo)) == 0
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        writer.write_eof()
        assert await reader.read() == b""
        assert proxy.refusals == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "169.254.169.254", "0x7f.1"])
async def test_an_internal_address_is_not_connected_to(echo: int, host: str) -> None:
    async with _proxy("allowed.example") as (proxy, reader, writer), asyncio.timeout(10):
        assert await _asked(reader, writer, _to(host, echo)) == 2
        assert await reader.read() == b""
        assert proxy.refusals == 1


async def test_nothing_but_connections_is_offered(echo: int) -> None:
    async with _proxy() as (_, reader, writer), asyncio.timeout(10):
        assert await _asked(reader, writer, _to("127.0.0.1", echo, command=3)) == 7
    async with _proxy() as (_, reader, writer), asyncio.timeout(10):
        writer.write(b"GET / HTTP/1.1\r\n\r\n" + bytes(100))
        assert await reader.read() == b""


async def test_closing_the_proxy_ends_its_connections(echo: int) -> None:
    async with _proxy("127.0.0.1") as (proxy, reader, writer), asyncio.timeout(10):
        assert await _asked(reader, writer, _to("127.0.0.1", echo)) == 0
        await proxy.close()
        assert await reader.read() == b""
