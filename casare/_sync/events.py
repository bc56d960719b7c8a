# Made from `casare/_async/events.py` by `docs/generate_sync_client.py`. Do not edit.
"""What happens, as it happens: `client.events()`."""

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Final

import httpx

from casare._answers import error_of
from casare._calls import Call
from casare._sse import EventParser, Lines, event_of
from casare._sync.session import Session
from casare._sync.timing import sleep
from casare.errors import ApiError, RateLimited, Unavailable
from casare.models import Event, Model

SILENCE_SECONDS: Final = 60.0
"""The server sends something, if only a comment, more often than that."""
_FIRST_SECONDS: Final = 0.3
_LONGEST_SECONDS: Final = 15.0

log = logging.getLogger("casare")


class _Dropped(Exception):
    """The stream ended; `seconds` is what the server asked to wait."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


def read_events(session: Session, since: int | None, types: Sequence[str] | None) -> Iterator[Event]:
    """Events until the caller stops. A connection that drops is made again, from the last event on, after waits that
    double and vary by chance. Raises what the server refuses for good."""
    parser = EventParser(None if since is None else str(since))
    failures = 0
    while True:
        try:
            for event in _one_connection(session, parser, types):
                failures = 0
                yield event
        except _Dropped as drop:
            parser.drop()
            log.info("the stream of events dropped, connecting again: %s", drop)
            whole = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(failures, 30))
            failures += 1
            sleep(max(drop.seconds or 0.0, parser.retry_seconds or 0.0) + session.exchange.rng.uniform(0, whole))


def _one_connection(session: Session, parser: EventParser, types: Sequence[str] | None) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    params = {} if types is None else {"types": ",".join(types)}
    if parser.last_id is not None:
        headers["Last-Event-ID"] = parser.last_id
        params["since"] = parser.last_id
    call = Call("GET", "/events", Model, params, headers=headers)
    token = session.tokens.token()
    try:
        with session.exchange.stream(call, token, SILENCE_SECONDS) as response:
            if not response.is_success:
                response.read()
                _refused(session, response, token)
            lines = Lines()
            for text in response.iter_text():
                for line in lines.ended_by(text):
                    block = parser.feed(line)
                    if block is not None and (event := event_of(block)) is not None:
                        yield event
    except httpx.RequestError as error:
        raise _Dropped(str(error) or type(error).__name__) from error
    raise _Dropped("the server ended it")


def _refused(session: Session, response: httpx.Response, token: str) -> None:
    """Raises _Dropped when another try may go well, else the error that the answer means."""
    error = error_of(response, time.time())
    if isinstance(error, RateLimited | Unavailable):
        raise _Dropped(str(error), error.retry_after)
    if isinstance(error, ApiError) and error.status == 401 and session.tokens.token_after(token) not in (None, token):
        raise _Dropped("the token had ended")
    raise error
