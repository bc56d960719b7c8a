"""Where a robot's jobs come from: a socket, long polls, or whichever can be had (`CASARE_ROBOT_CONNECTION`)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from robot.backoff import Backoff
from robot.claiming import Claimer
from robot.orders import Orders
from robot.protocol import TryAgain
from robot.socket_connection import SocketConnection
from robot.socket_feed import SocketFeed

_LOG = structlog.get_logger()

POLLING_SECONDS: Final = 60.0
"""How long `auto` polls before it tries the socket again."""
ATTEMPTS: Final = 3
"""How often a connection that had stood is tried again before `auto` polls."""


class Supply:
    """Starts jobs as they come until the robot is to leave."""

    def __init__(
        self,
        mode: str,
        open_socket: Callable[[], Awaitable[SocketConnection]],
        *,
        feed: SocketFeed,
        claimer: Claimer,
        orders: Orders,
        backoff: Backoff,
        monotonic: Callable[[], float],
    ) -> None:
        self._mode = mode
        self._open_socket = open_socket
        self._feed = feed
        self._claimer = claimer
        self._orders = orders
        self._backoff = backoff
        self._monotonic = monotonic

    async def run(self) -> None:
        """Returns when the robot is drained. Raises AccessRefused, or Replaced, when it may not go on."""
        if self._mode == "http":
            await self._claimer.run()
            return
        while not self._orders.draining:
            await self._by_socket()
            if not self._orders.draining:
                _LOG.info("socket_unavailable", polling_seconds=POLLING_SECONDS)
                self._poll_for_what_the_socket_left()
                await self._claimer.run(until=self._monotonic() + POLLING_SECONDS)

    async def _by_socket(self) -> None:
        """Returns when the robot is drained, or, in `auto`, when there is no socket to be had."""
        failures, limit = 0, 1
        while self._mode == "socket" or failures < limit:
            stood = self._feed.connections
            try:
                await self._feed.run(await self._open_socket())
            except TryAgain as error:
                if self._feed.connections > stood:
                    failures, limit = 0, ATTEMPTS
                failures += 1
                _LOG.warning("socket_lost", error=str(error))
                if self._mode == "socket" or failures < limit:
                    await asyncio.sleep(self._backoff.spread_seconds(failures))
            else:
                return

    def _poll_for_what_the_socket_left(self) -> None:
        if self._feed.has_unconfirmed:
            self._feed.forget_unconfirmed()
            self._claimer.expect_unseen()
