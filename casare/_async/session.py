"""Calls as somebody: with a token, and with another one when the first is refused."""

import math
import time
from abc import ABC, abstractmethod
from typing import Any, TypeVar

import httpx

from casare._answers import decode
from casare._async.exchange import AsyncExchange
from casare._calls import Call

T = TypeVar("T")


class AsyncTokenSource(ABC):
    """Where a client's tokens come from."""

    @abstractmethod
    async def token(self) -> str:
        """A token that is good for another minute. Raises ApiError or ConnectionFailed when there is none."""

    @abstractmethod
    async def token_after(self, refused: str) -> str | None:
        """Another token than the one that the server has just refused; None when there is no other."""

    async def finish(self) -> None:
        """Returns when no renewal is under way; only those who renew have to wait."""
        return


class AsyncSession:
    """What every resource makes its calls through."""

    def __init__(self, exchange: AsyncExchange, tokens: AsyncTokenSource) -> None:
        self.exchange = exchange
        self.tokens = tokens

    async def close(self) -> None:
        """Closes the connections."""
        await self.tokens.finish()
        await self.exchange.close()

    async def call(self, call: Call[T], within_seconds: float = math.inf) -> T:
        """What the call brought, in about that time. Raises ApiError, UnexpectedAnswer, ConnectionFailed."""
        return decode(await self.send(call, within_seconds), call, time.time())

    async def send(self, call: Call[Any], within_seconds: float = math.inf) -> httpx.Response:
        """The last answer, whatever its status. Raises ConnectionFailed when there is none."""
        token = await self.tokens.token()
        response = await self.exchange.send(call, token, within_seconds)
        if response.status_code != 401:
            return response
        # Refused although it had time left: revoked, or the clocks differ. Nothing was done: it may be made again.
        other = await self.tokens.token_after(token)
        return response if other is None else await self.exchange.send(call, other, within_seconds)
