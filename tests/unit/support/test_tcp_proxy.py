import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.support.ports import LOOPBACK, free_port
from tests.support.tcp_proxy import TcpProxy, Way

BRIEFLY_SECONDS = 0.1


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(1000):
            writer.write(chunk)
            await writer.drain()
    except ConnectionResetError:
        pass  # a fault under test
    finally:
        writer.transport.abort()


@pytest.fixture
async def proxy() -> AsyncIterator[TcpProxy]:
    port = free_port()
    async with await asyncio.start_server(echo, LOOPBACK, port), TcpProxy(port) as proxy:
        yield proxy


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, words: bytes) -> None:
        self.writer.write(words)
        await self.writer.drain()

    async def hear(self, count: int = 5) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readexactly(count)

    async def hears_nothing(self) -> bool:
        """Neither bytes nor the end of the connection."""
        try:
            async with asyncio.timeout(BRIEFLY_SECONDS):
                await self.reader.read(1)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def client_of(proxy: TcpProxy) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def seconds_of(action: Callable[[], Awaitable[object]]) -> float:
    begun = asyncio.get_running_loop().time()
    await action()
    return asyncio.get_running_loop().time() - begun


async def test_it_passes_bytes_both_ways(proxy: TcpProxy) -> None:
    async with client_of(proxy) as client:
        await client.say(b"hello")
        assert await client.hear() == b"hello"


async def test_it_passes_the_end_of_a_stream_with_all_bytes_before_it(proxy: TcpProxy) -> None:
    words = bytes(1_000_000)
    async with client_of(proxy) as client:
        sending = asyncio.create_task(client.say(words))
        assert await client.hear(len(words)) == words
        await sending
        client.writer.write_eof()
        assert await client.reader.read() == b""


async def test_a_delay_holds_every_chunk_in_each_way(proxy: TcpProxy) -> None:
    async with client_of(proxy) as client:
        proxy.delay(0.1)
        await client.say(b"hello")
        assert await seconds_of(client.hear) >= 0.2
        await proxy.heal()
        await client.say(b"again")
        assert await client.hear() == b"again"


@pytest.mark.parametrize("way", [Way.TO_SERVER, Way.TO_CLIENT, Way.BOTH])
async def test_a_cut_keeps_the_connection_and_what_was_sent_until_it_heals(proxy: TcpProxy, way: Way) -> None:
    async with client_of(proxy) as client:
        proxy.cut(way)
        await client.say(b"hello")
        assert await client.hears_nothing()
        await proxy.heal()
        assert await client.hear() == b"hello"


async def test_a_cut_one_way_leaves_the_other_open() -> None:
    is_told = asyncio.Event()

    async def speak_when_told(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await is_told.wait()
        writer.write(b"hello")
        await writer.drain()
        writer.transport.abort()

    port = free_port()
    server = await asyncio.start_server(speak_when_told, LOOPBACK, port)
    async with server, TcpProxy(port) as proxy, client_of(proxy) as client:
        proxy.cut(Way.TO_SERVER)
        is_told.set()
        assert await client.hear() == b"hello"


async def test_a_reset_ends_open_connections_and_serves_new_ones(proxy: TcpProxy) -> None:
    async with client_of(proxy) as client:
        await client.say(b"hello")
        await client.hear()
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await client.reader.read()
    async with client_of(proxy) as client:
        await client.say(b"again")
        assert await client.hear() == b"again"


async def test_refusing_turns_new_connections_away_and_keeps_open_ones(proxy: TcpProxy) -> None:
    async with client_of(proxy) as client:
        await client.say(b"hello")
        await client.hear()
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, proxy.port)
        await client.say(b"still")
        assert await client.hear() == b"still"
    await proxy.heal()
    async with client_of(proxy) as client:
        await client.say(b"again")
        assert await client.hear() == b"again"


async def test_a_target_that_is_down_looks_like_a_reset() -> None:
    async with TcpProxy(free_port()) as proxy, client_of(proxy) as client:
        with pytest.raises(ConnectionResetError):
            await client.reader.read()


async def test_it_can_be_left_with_connections_open() -> None:
    port = free_port()
    async with await asyncio.start_server(echo, LOOPBACK, port):
        async with TcpProxy(port) as proxy:
            reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.transport.abort()
