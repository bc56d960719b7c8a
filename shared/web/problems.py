"""Errors as RFC 9457 problem details (clarifications 1 and 2): the one place where they become HTTP."""

from typing import Any, Final

import msgspec
from starlette.responses import Response

from shared.kernel.errors import (
    CasareError,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

PROBLEM_TYPE: Final = "application/problem+json"

_STATUS: Final[tuple[tuple[type[CasareError], int], ...]] = (
    (TooLarge, 413),
    (Invalid, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (RateLimited, 429),
    (Unavailable, 503),
)

_TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

_CODES: Final = {404: "ROUTE_NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 400: "INVALID_INPUT", 413: "BODY_TOO_LARGE"}

_TEXT: Final = {"type": "string"}
_TEXT_FIELDS: Final = {
    "type": "a URN that follows from `code`",
    "title": "the name of the status",
    "detail": "what is wrong, for people",
    "instance": "the path that was asked",
    "code": "what is wrong, for programs: stable, upper snake case",
    "request_id": "names the request in the logs; the answer's `X-Request-ID` too",
}
"""The texts of a `Problem` and what they mean."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every error answer."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[dict[str, str]] = msgspec.field(default_factory=list)


def status_of(error: CasareError) -> int:
    """The HTTP status of `error`; 500 for one without a meaning of its own."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def headers_of(error: CasareError) -> dict[str, str]:
    """The headers that `error` asks for."""
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="casare"'}
    if isinstance(error, RateLimited | Unavailable):
        return {"Retry-After": str(error.retry_after_seconds)}
    return {}


def problem_response(error: CasareError, *, instance: str, request_id: str) -> Response:
    """The answer to a request that ended in `error`."""
    errors = error.errors if isinstance(error, Invalid) else ()
    return _response(status_of(error), error.code, error.detail, instance, request_id, errors, headers_of(error))


def http_problem(
    status: int, detail: str, *, instance: str, request_id: str, headers: dict[str, str] | None = None
) -> Response:
    """The answer for an HTTP-level refusal: unknown route, wrong method, unreadable body."""
    code = _CODES.get(status, _TITLES.get(status, "Error").upper().replace(" ", "_"))
    return _response(status, code, detail, instance, request_id, (), headers or {})


def crash_response(*, instance: str, request_id: str) -> Response:
    """The answer to a request that hit a defect: no trace, no query, only where to look it up."""
    detail = f"Unexpected error. Quote the request id {request_id} when asking for help."
    return _response(500, "INTERNAL_ERROR", detail, instance, request_id, (), {})


def _response(
    status: int,
    code: str,
    detail: str,
    instance: str,
    request_id: str,
    errors: tuple[FieldError, ...],
    headers: dict[str, str],
) -> Response:
    problem = Problem(
        type=f"urn:casare:problem:{code.lower().replace('_', '-')}",
        title=_TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        instance=instance,
        code=code,
        request_id=request_id,
        errors=[{"field": error.field, "message": error.message} for error in errors],
    )
    return Response(msgspec.json.encode(problem), status_code=status, media_type=PROBLEM_TYPE, headers=headers)


def problem_schema() -> dict[str, Any]:
    """The JSON schema of `Problem`, for OpenAPI."""
    return {
        "type": "object",
        "title": "Problem",
        "description": "RFC 9457 problem details.",
        "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
        "properties": {
            **{name: {"type": "string", "description": text} for name, text in _TEXT_FIELDS.items()},
            "status": {"type": "integer", "description": "the HTTP status"},
            "errors": {
                "type": "array",
                "description": "the fields that are wrong, for invalid input",
                "items": {"type": "object", "properties": {"field": _TEXT, "message": _TEXT}},
            },
        },
    }
