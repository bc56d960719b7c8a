# Made from `casare/_async/events.py` by `docs/generate_sync_client.py`. Do not edit.
"""What happens, as it happens: `client.events()`."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import httpx

from casare._answers import error_of
from casare._calls import Call
from casare._outage import PASSING
from casare._sse import EventParser, LineSplitter, event_of
from casare._sync.session import Session
from casare._sync.timing import sleep
from casare.errors import ApiError
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
    """Events until the caller stops. A connection that drops, or cannot be had now, is made again, from the last event
    on, after waits that double and vary by chance. Raises what the server refuses for good."""
    parser = EventParser(None if since is None else str(since))
    failures = 0
    while True:
        try:
            # Only one generator holds the connection: whoever stops leaves nothing behind that is closed by chance.
            response = _connected(session, parser, types)
            try:
                lines = LineSplitter()
                for piece in response.iter_bytes():
                    for event in _events_in(lines.feed(piece), parser):
                        failures = 0
                        yield event
            finally:
                response.close()
            raise _Dropped("the server ended it")
        except (_Dropped, httpx.RequestError) as drop:
            parser.drop()
            level = logging.WARNING if failures else logging.INFO
            log.log(level, "the stream of events dropped, connecting again: %s", str(drop) or type(drop).__name__)
            asked = drop.seconds if isinstance(drop, _Dropped) else None
            whole = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(failures, 30))
            failures += 1
            sleep(max(asked or 0.0, parser.retry_seconds or 0.0) + session.exchange.rng.uniform(0, whole))


def _events_in(lines: Iterable[str], parser: EventParser) -> Iterator[Event]:
    for line in lines:
        block = parser.feed(line)
        if block is not None and (event := event_of(block)) is not None:
            yield event


def _connected(session: Session, parser: EventParser, types: Sequence[str] | None) -> httpx.Response:
    """The stream, begun. Raises _Dropped or httpx.RequestError when another try may go well, else what was refused."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    params = {} if types is None else {"types": ",".join(types)}
    if parser.last_id is not None:
        headers["Last-Event-ID"] = parser.last_id
        params["since"] = parser.last_id
    call = Call("GET", "/events", Model, params, headers=headers)
    try:
        token = session.tokens.token()
        response = session.exchange.open(call, token, SILENCE_SECONDS)
        if not response.is_success:
            _refused(session, response, token)
    except PASSING as error:  # also while a token is renewed
        raise _Dropped(str(error), error.retry_after if isinstance(error, ApiError) else None) from error
    return response


def _refused(session: Session, response: httpx.Response, token: str) -> None:
    """Raises _Dropped when another token may do better, else the error that the answer means."""
    try:
        response.read()
    finally:
        response.close()
    error = error_of(response, time.time())
    if isinstance(error, ApiError) and error.status == 401 and session.tokens.token_after(token) not in (None, token):
        raise _Dropped("the token had ended")
    raise error
