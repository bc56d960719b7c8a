"""Calls as somebody: with a token, and with another one when the first is refused."""

import time
from typing import Any, TypeVar

import httpx

from casare._answers import decode
from casare._async.credentials import AsyncTokenSource
from casare._async.exchange import AsyncExchange
from casare._calls import Call

T = TypeVar("T")


class AsyncSession:
    """What every resource makes its calls through."""

    def __init__(self, exchange: AsyncExchange, tokens: AsyncTokenSource) -> None:
        self.exchange = exchange
        self.tokens = tokens

    async def call(self, call: Call[T]) -> T:
        """What the call brought. Raises ApiError, UnexpectedAnswer, ConnectionFailed."""
        return decode(await self._send(call), call, time.time())

    async def _send(self, call: Call[Any]) -> httpx.Response:
        token = await self.tokens.token()
        response = await self.exchange.send(call, token)
        if response.status_code != 401:
            return response
        # Refused although it had time left: revoked, or the clocks differ. Nothing was done: it may be made again.
        other = await self.tokens.token_after(token)
        return response if other is None else await self.exchange.send(call, other)
