"""Answers, read: what they hold, or the error they mean (RFC 9457)."""

from typing import Any, Final, TypeVar

import httpx
import msgspec

from casare._calls import Call
from casare._retrying import retry_after_seconds
from casare.errors import (
    ApiError,
    Conflict,
    FieldError,
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
    problem = _problem(response)
    status = response.status_code
    wait = retry_after_seconds(response, now_seconds)
    if problem is None and status not in (429, 502, 503, 504):
        return UnexpectedAnswer(
            f"{response.url.host} answered {status} {response.reason_phrase}, not as a Casare server does. "
            "Check the address (`url` or CASARE_URL)."
        )
    kind, advice = _KINDS.get(status, (Unavailable, "") if status >= 500 else (ApiError, ""))
    return kind(
        _detail(response, problem),
        status=status,
        code=_text(problem, "code") or "",
        request_id=_text(problem, "request_id") or response.headers.get("X-Request-ID"),
        errors=_errors(problem),
        retry_after=wait,
        advice=advice or _come_back(wait),
    )


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and isinstance(body.get("detail"), str) else None


def _detail(response: httpx.Response, problem: dict[str, Any] | None) -> str:
    if problem is None:
        return f"{response.url.host} answered {response.status_code} {response.reason_phrase}"
    detail: str = problem["detail"]
    missing = [f"{error.field} {error.message}" for error in _errors(problem) if error.message not in detail]
    return (f"{detail.rstrip('.')}: {'; '.join(missing)}" if missing else detail)[:_MAX_DETAIL]


def _errors(problem: dict[str, Any] | None) -> tuple[FieldError, ...]:
    errors = (problem or {}).get("errors")
    listed = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return tuple(FieldError(str(error.get("field", "")), str(error.get("message", ""))) for error in listed)


def _text(problem: dict[str, Any] | None, name: str) -> str | None:
    value = (problem or {}).get(name)
    return value if isinstance(value, str) else None


def _come_back(wait: float | None) -> str:
    if wait is None:
        return ""
    return f"Try again in {wait:.0f} s." if wait < 120 else f"Try again in {wait / 60:.0f} min."
