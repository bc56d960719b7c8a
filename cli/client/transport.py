"""Calls over HTTP, repeated where that is safe."""

import time
from collections.abc import Callable, Iterator
from typing import Final

import httpx

from cli.client.address import API, DEFAULT_URL, is_this_machine
from cli.client.retrying import Call, Outcome, RetryPolicy, Sent
from cli.failures import ServerUnavailable, UsageProblem

# The gateway waits up to 60 s for a service.
TIMEOUT: Final = httpx.Timeout(65, connect=5)
WORTH_A_WORD_SECONDS: Final = 2.0
PIECE_BYTES: Final = 256 * 1024

Notify = Callable[[str], None]


class Transport:
    """One server. `notify` is told about waits that a person would notice."""

    def __init__(
        self, url: str, policy: RetryPolicy, notify: Notify, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.url = url
        self._policy = policy
        self._notify = notify
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=url + API,
            timeout=TIMEOUT,
            headers={"User-Agent": "casare-cli"},
            # A proxy is of no use for this machine, and loading certificates takes longer than a call.
            trust_env=not is_this_machine(url),
            verify=url.startswith("https:"),
        )

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def send(self, call: Call, token: str | None = None) -> httpx.Response:
        """The last answer, whatever its status. Raises ServerUnavailable when there is none."""
        tries = 1
        while (wait := self._policy.wait_seconds(call, outcome := self._once(call, token), tries)) is not None:
            if wait > WORTH_A_WORD_SECONDS:
                self._notify(f"The server asks to wait; trying again in {wait:.0f} s …")
            self._sleep(wait)
            tries += 1
        if isinstance(outcome, httpx.RequestError):
            raise self._unreachable(outcome) from outcome
        return outcome

    def _once(self, call: Call, token: str | None) -> Outcome:
        headers = dict(call.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content: bytes | Iterator[bytes] | None = call.content
        if call.content is not None:
            headers["Content-Type"] = "application/json"
            if call.sent is not None:
                headers["Content-Length"] = str(len(call.content))
                content = _told(call.content, call.sent)
        try:
            return self._http.request(
                call.method, call.path, content=content, params=dict(call.params), headers=headers
            )
        except httpx.RequestError as error:
            return error
        except httpx.InvalidURL as error:
            raise UsageProblem(f"{self.url} is not an address: {error}.") from error

    def _unreachable(self, error: httpx.RequestError) -> ServerUnavailable:
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            return ServerUnavailable(f"The server at {self.url} did not answer in time.", advice="Try again later.")
        reason = str(error) or type(error).__name__
        advice = "Is it running? `casare up` starts one on this machine." if self.url == DEFAULT_URL else _ELSEWHERE
        return ServerUnavailable(f"Cannot reach the server at {self.url} ({reason}).", advice=advice)


def _told(content: bytes, sent: Sent) -> Iterator[bytes]:
    """The content in pieces; `sent` hears of each."""
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]
        sent(min(start + PIECE_BYTES, len(content)))


_ELSEWHERE: Final = "Is it running? CASARE_URL, or `casare login --url`, names another one."
