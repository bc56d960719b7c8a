# Made from `casare/_async/session.py` by `docs/generate_sync_client.py`. Do not edit.
"""Calls as somebody: with a token, and with another one when the first is refused."""

import time
from typing import Any, TypeVar

import httpx

from casare._answers import decode
from casare._calls import Call
from casare._sync.credentials import TokenSource
from casare._sync.exchange import Exchange

T = TypeVar("T")


class Session:
    """What every resource makes its calls through."""

    def __init__(self, exchange: Exchange, tokens: TokenSource) -> None:
        self.exchange = exchange
        self.tokens = tokens

    def call(self, call: Call[T]) -> T:
        """What the call brought. Raises ApiError, UnexpectedAnswer, ConnectionFailed."""
        return decode(self._send(call), call, time.time())

    def _send(self, call: Call[Any]) -> httpx.Response:
        token = self.tokens.token()
        response = self.exchange.send(call, token)
        if response.status_code != 401:
            return response
        # Refused although it had time left: revoked, or the clocks differ. Nothing was done: it may be made again.
        other = self.tokens.token_after(token)
        return response if other is None else self.exchange.send(call, other)
