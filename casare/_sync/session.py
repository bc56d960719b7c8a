# Made from `casare/_async/session.py` by `docs/generate_sync_client.py`. Do not edit.
"""Calls as somebody: with a token, and with another one when the first is refused."""

import math
import time
from abc import ABC, abstractmethod
from typing import Any, TypeVar

import httpx

from casare._answers import decode
from casare._calls import Call
from casare._sync.exchange import Exchange

T = TypeVar("T")


class TokenSource(ABC):
    """Where a client's tokens come from."""

    @abstractmethod
    def token(self) -> str:
        """A token that is good for another minute. Raises ApiError or ConnectionFailed when there is none."""

    @abstractmethod
    def token_after(self, refused: str) -> str | None:
        """Another token than the one that the server has just refused; None when there is no other."""

    def finish(self) -> None:
        """Returns when no renewal is under way; only those who renew have to wait."""
        return


class Session:
    """What every resource makes its calls through."""

    def __init__(self, exchange: Exchange, tokens: TokenSource) -> None:
        self.exchange = exchange
        self.tokens = tokens

    def close(self) -> None:
        """Closes the connections."""
        self.tokens.finish()
        self.exchange.close()

    def call(self, call: Call[T], within_seconds: float = math.inf) -> T:
        """What the call brought, in about that time. Raises ApiError, UnexpectedAnswer, ConnectionFailed."""
        return decode(self.send(call, within_seconds), call, time.time())

    def send(self, call: Call[Any], within_seconds: float = math.inf) -> httpx.Response:
        """The last answer, whatever its status. Raises ConnectionFailed when there is none."""
        token = self.tokens.token()
        response = self.exchange.send(call, token, within_seconds)
        if response.status_code != 401:
            return response
        # Refused although it had time left: revoked, or the clocks differ. Nothing was done: it may be made again.
        other = self.tokens.token_after(token)
        return response if other is None else self.exchange.send(call, other, within_seconds)
