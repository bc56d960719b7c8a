"""Answers, read: what they hold, or the error they mean (RFC 9457)."""

from typing import Final, TypeVar

import httpx
import msgspec

from casare._calls import Call
from casare._problems import Problem, come_back, detail_in, errors_in, problem_in
from casare._retrying import retry_after_seconds
from casare.errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)

T = TypeVar("T")

_MAX_DETAIL: Final = 1000
_KINDS: Final[dict[int, tuple[type[ApiError], str]]] = {
    400: (InvalidInput, ""),
    401: (NotAuthenticated, "Log in again (`casare login`), or pass another credential."),
    403: (Forbidden, "Use a credential whose role permits it."),
    404: (NotFound, ""),
    409: (Conflict, ""),
    413: (InvalidInput, ""),
    415: (InvalidInput, ""),
    422: (InvalidInput, ""),
    429: (RateLimited, ""),
}


def decode(response: httpx.Response, call: Call[T], now_seconds: float) -> T:
    """What the call brought. Raises ApiError when it was refused, UnexpectedAnswer when it is not understood."""
    if not response.is_success:
        raise error_of(response, now_seconds)
    try:
        return msgspec.json.decode(response.content, type=call.answer)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnexpectedAnswer(
            f"The answer to {call.method} {call.path} is not understood ({error}). "
            "Is it a Casare server, and as new as this package?"
        ) from error


def error_of(response: httpx.Response, now_seconds: float) -> ApiError | UnexpectedAnswer:
    """The error that the answer means."""
    problem = problem_in(response)
    status = response.status_code
    wait = retry_after_seconds(response, now_seconds)
    if problem is None and status not in (429, 502, 503, 504):
        return UnexpectedAnswer(
            f"{response.url.host} answered {status} {response.reason_phrase}, not as a Casare server does. "
            "Check the address (`url` or CASARE_URL)."
        )
    if problem is None:
        problem = {"detail": f"{response.url.host} answered {status} {response.reason_phrase}"}
    kind, advice = _KINDS.get(status, (Unavailable, "") if status >= 500 else (ApiError, ""))
    return kind(
        detail_in(problem)[:_MAX_DETAIL],
        status=status,
        code=_text(problem, "code") or "",
        request_id=_text(problem, "request_id") or response.headers.get("X-Request-ID"),
        errors=errors_in(problem),
        retry_after=wait,
        advice=advice or come_back(wait),
    )


def _text(problem: Problem, name: str) -> str | None:
    value = problem.get(name)
    return value if isinstance(value, str) else None
