"""A network between a client and a server that a test can break."""

import asyncio
import socket
import struct
from enum import Flag, auto
from typing import Self

from tests.support.ports import LOOPBACK, free_port


class Way(Flag):
    """Which way bytes flow."""

    TO_SERVER = auto()
    TO_CLIENT = auto()
    BOTH = TO_SERVER | TO_CLIENT


class _Lane:
    """One way of all connections: how late bytes are, and whether they flow at all."""

    def __init__(self) -> None:
        self.delay_seconds = 0.0
        self.open = asyncio.Event()
        self.open.set()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            chunk = await reader.read(65_536)
            await asyncio.sleep(self.delay_seconds)
            await self.open.wait()
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        if not writer.is_closing():
            writer.write_eof()


class TcpProxy:
    """Forwards its `port` (loopback) to a target. Faults hold for open and new connections, until `heal`."""

    def __init__(self, target_port: int, target_host: str = LOOPBACK) -> None:
        self.port = free_port()
        self._target = (target_host, target_port)
        self._lanes = {Way.TO_SERVER: _Lane(), Way.TO_CLIENT: _Lane()}
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None] | None, list[asyncio.StreamWriter]] = {}

    async def __aenter__(self) -> Self:
        await self.heal()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.refuse()
        tasks = [task for task in self._connections if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def delay(self, seconds: float, way: Way = Way.BOTH) -> None:
        """Every chunk waits `seconds` before it goes on; one connection's chunks wait in turn."""
        for lane in self._lanes_of(way):
            lane.delay_seconds = seconds

    def cut(self, way: Way = Way.BOTH) -> None:
        """Bytes stop, connections stay up: a partition. What was sent meanwhile arrives after `heal`."""
        for lane in self._lanes_of(way):
            lane.open.clear()

    def reset(self) -> None:
        """Ends every open connection with RST on both sides; new ones are served."""
        for writer in [writer for writers in self._connections.values() for writer in writers]:
            _abort(writer)

    def refuse(self) -> None:
        """New connections are refused; open ones stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def heal(self) -> None:
        """No fault any more: listening, open both ways, without delay."""
        for lane in self._lanes.values():
            lane.delay_seconds = 0.0
            lane.open.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    def _lanes_of(self, way: Way) -> list[_Lane]:
        return [lane for direction, lane in self._lanes.items() if direction in way]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = self._connections[asyncio.current_task()] = [writer]
        try:
            await self._relay(reader, writers)
        except* (OSError, asyncio.CancelledError):
            pass  # a peer that goes away or a target that is down: the other side learns it by the reset below
        del self._connections[asyncio.current_task()]
        for each in writers:
            _abort(each)
        await asyncio.gather(*(each.wait_closed() for each in writers), return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writers: list[asyncio.StreamWriter]) -> None:
        target_reader, target_writer = await asyncio.open_connection(*self._target)
        writers.append(target_writer)
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._lanes[Way.TO_SERVER].pump(reader, target_writer))
            lanes.create_task(self._lanes[Way.TO_CLIENT].pump(target_reader, writers[0]))
        for each in writers:
            each.close()
            await each.wait_closed()


def _abort(writer: asyncio.StreamWriter) -> None:
    if not writer.is_closing():
        reset_on_close = struct.pack("ii", 1, 0)  # lingering for zero seconds: RST instead of FIN
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)
    writer.transport.abort()
