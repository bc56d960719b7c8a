"""One server: requests over HTTP, made again where that is safe."""

import math
import random
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Final, TypeVar

import httpx

from casare._address import API, is_this_machine
from casare._answers import decode
from casare._async.timing import sleep
from casare._calls import Call
from casare._retrying import Outcome, RetryPolicy, is_untrusted
from casare._settings import Connection
from casare.errors import ConfigurationProblem, ConnectionFailed

T = TypeVar("T")

CONNECT_SECONDS: Final = 5.0
LEAST_SECONDS: Final = 1.0
"""What every try is given: in less time few servers answer."""


class AsyncExchange:
    """Requests with any credential, or with none."""

    agent: ClassVar = "casare-python"

    def __init__(self, settings: Connection, rng: random.Random) -> None:
        self.url = settings.url
        self.rng = rng
        self._policy = RetryPolicy(settings.retries, rng)
        self._timeout_seconds = settings.timeout_seconds
        self._http = httpx.AsyncClient(
            base_url=settings.url + API,
            headers={"User-Agent": self.agent},
            # A proxy is of no use for this machine, and loading certificates takes longer than a call.
            trust_env=not is_this_machine(settings.url),
            verify=settings.verify if settings.url.startswith("https:") else False,
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def call(self, call: Call[T], token: str | None = None) -> T:
        """What the call brought. Raises ApiError, UnexpectedAnswer, ConnectionFailed."""
        return decode(await self.send(call, token), call, time.time())

    async def send(self, call: Call[Any], token: str | None = None, within_seconds: float = math.inf) -> httpx.Response:
        """The last answer, whatever its status. Raises ConnectionFailed when there is none, or none in time."""
        began, tries = time.monotonic(), 1
        while True:
            elapsed = time.monotonic() - began
            outcome = await self._once(call, token, self._policy.deadline_seconds(within_seconds) - elapsed)
            wait = self._policy.wait_seconds(
                call,
                outcome,
                tries=tries,
                elapsed_seconds=time.monotonic() - began,
                now_seconds=time.time(),
                within_seconds=within_seconds,
            )
            if wait is None:
                break
            await self.pause(wait)
            tries += 1
        if isinstance(outcome, httpx.RequestError):
            raise self.unreachable(outcome) from outcome
        return outcome

    async def pause(self, seconds: float) -> None:
        """Waits before the next try."""
        await sleep(seconds)

    def content(self, call: Call[Any]) -> bytes | AsyncIterator[bytes] | None:
        """What the call sends, for one try."""
        return call.content

    async def open(self, call: Call[Any], token: str, silence_seconds: float) -> httpx.Response:
        """An answer to read while it comes, and to close; reading raises httpx.ReadTimeout after `silence_seconds` of
        nothing. Raises httpx.RequestError when there is none."""
        request = self._http.build_request(
            call.method,
            call.path,
            params=call.params,
            headers=_headers(call, token),
            timeout=httpx.Timeout(silence_seconds, connect=CONNECT_SECONDS),
        )
        return await self._http.send(request, stream=True)

    async def _once(self, call: Call[Any], token: str | None, left_seconds: float) -> Outcome:
        seconds = max(LEAST_SECONDS, min(self._timeout_seconds, left_seconds))
        try:
            return await self._http.request(
                call.method,
                call.path,
                content=self.content(call),
                params=call.params,
                headers=_headers(call, token),
                timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
            )
        except httpx.RequestError as error:
            return error
        except httpx.InvalidURL as error:
            raise ConfigurationProblem(f"{self.url} is not an address: {error}.") from error

    def unreachable(self, error: httpx.RequestError) -> Exception:
        """What it means that there was no answer."""
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            return ConnectionFailed(f"The server at {self.url} did not answer in time. Try again later.")
        if is_untrusted(error):
            return ConnectionFailed(
                f"{self.url} is not trusted ({error}). `verify` names another authority's certificate."
            )
        reason = str(error) or type(error).__name__
        return ConnectionFailed(
            f"Cannot reach the server at {self.url} ({reason}). Is it running, and is that its address?"
        )


def _headers(call: Call[Any], token: str | None) -> dict[str, str]:
    headers = dict(call.headers)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if call.content is not None:
        headers["Content-Type"] = "application/json"
    return headers
