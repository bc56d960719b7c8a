"""Request bodies: counted as they pass, refused over their cap, and not waited for without end."""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.types import Message, Receive

from gateway.errors import Refusal, Refused
from gateway.headers import Inbound
from gateway.routing import BodySize
from gateway.settings import GatewaySettings
from shared.kernel.errors import Invalid, TooLarge

LINGER_SECONDS: Final = 3.0
LINGER_BYTES: Final = 100_000_000
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class BodyRule:
    """Bounds of one kind of body."""

    max_bytes: int
    timeout_seconds: float

    def too_large(self) -> TooLarge:
        """The refusal of a body over the cap."""
        return TooLarge(f"The body is over the cap of {self.max_bytes} bytes.")


def body_rules(settings: GatewaySettings) -> dict[BodySize, BodyRule]:
    """The bounds in force by kind."""
    return {
        BodySize.ORDINARY: BodyRule(settings.max_body_bytes, settings.body_timeout_seconds),
        BodySize.WORKFLOW: BodyRule(settings.max_workflow_body_bytes, settings.workflow_body_timeout_seconds),
    }


class Body:
    """A request's body on its way through. `receive` takes the place of the server's."""

    __slots__ = ("_deadline", "_receive", "_rule", "_seen_bytes", "_still_coming", "complete", "refusal")

    def __init__(self, receive: Receive, rule: BodyRule) -> None:
        self._receive = receive
        self._rule = rule
        self._deadline = asyncio.get_running_loop().time() + rule.timeout_seconds
        self._seen_bytes = 0
        self._still_coming = True
        self.complete = False
        """Whether all of it has been read; the server has nothing left to say but that the client is gone."""
        self.refusal: Refused | None = None
        """Why it was not read to its end. Whatever the service then answers is not what the client is told."""

    def refuse_at_once(self, inbound: Inbound) -> None:
        """Raise for what the headers already show to be unacceptable, before a byte is read."""
        # A client that asks before it sends will not send after a refusal.
        self._still_coming = inbound.first(b"expect") is None
        encoding = inbound.first(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            self.refusal = Refusal(415, "Compressed bodies are not accepted.", {"Accept-Encoding": "identity"})
            raise self.refusal
        length = inbound.first(b"content-length")
        if length is not None and _is_over(length, self._rule.max_bytes):
            self.refusal = self._rule.too_large()
            raise self.refusal

    async def receive(self) -> Message:
        """The next message; raises the refusal when the body turns out too large or too slow."""
        if self.complete:
            return await self._receive()
        if self.refusal is not None:
            raise self.refusal
        self._still_coming = True
        message = await self._next_in_time()
        self._seen_bytes += len(message.get("body", b""))
        self.complete = not message.get("more_body", False)
        if self._seen_bytes > self._rule.max_bytes:
            self.refusal = self._rule.too_large()
            raise self.refusal
        return message

    async def _next_in_time(self) -> Message:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError as error:
            self._still_coming = False  # or not fast enough to be waited for any longer
            self.refusal = Refusal(408, f"The body did not arrive within {self._rule.timeout_seconds:g} seconds.")
            raise self.refusal from error

    async def linger(self) -> None:
        """Read on for a moment, so that a client still sending finds the answer instead of a reset connection."""
        n_bytes = 0
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while self._still_coming and not self.complete and n_bytes < LINGER_BYTES:
                    message = await self._receive()
                    n_bytes += len(message.get("body", b""))
                    self.complete = not message.get("more_body", False)
        except TimeoutError:
            return


def _is_over(content_length: bytes, max_bytes: int) -> bool:
    if not content_length.isdigit():
        raise Invalid("The Content-Length is not a number.")
    return len(content_length) > _MOST_DIGITS or int(content_length) > max_bytes
