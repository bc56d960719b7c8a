"""The error answers of a route as the API document shows them: what each means, its headers, and a body.

The bodies are made as the real ones are. Their codes are examples: each kind of thing and of refusal has its own.
"""

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
from shared.web.problems import PROBLEM_TYPE, crash_response, problem_response, status_of

_INSTANCE: Final = "/api/v1/jobs/job-12345"
_REQUEST_ID: Final = "01946a1e-6f40-7c3b-9d52-8f0e4b7a1c36"

_TEXTS: Final = {
    400: "The input breaks a rule; `errors` names the fields.",
    401: "No credential, or one that is malformed, expired or revoked.",
    403: "The credential lacks the permission.",
    404: "No such thing in the caller's tenant.",
    409: "The present state refuses this.",
    413: "The body is over its cap.",
    429: "Rate limit exceeded; `Retry-After` says when to come back.",
    500: "A defect; quote the `request_id` when asking for help. No trace and no query is ever shown.",
    503: "A dependency is down; `Retry-After` says when to come back.",
}

_HEADER_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate (RFC 9110).", "schema": {"type": "string"}},
}


def error_responses(statuses: set[int]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for error `statuses`."""
    return {status: _documented(status) for status in sorted(statuses)}


def _documented(status: int) -> dict[str, Any]:
    answer = _EXAMPLES[status]
    body = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": msgspec.json.decode(answer.body)}
    headers = {name: header for name, header in _HEADER_SCHEMAS.items() if name in answer.headers}
    described: dict[str, Any] = {"description": _TEXTS[status], "content": {PROBLEM_TYPE: body}}
    return {**described, "headers": headers} if headers else described


class _CredentialMissing(Unauthenticated):
    code = "CREDENTIAL_MISSING"


class _JobNotFound(NotFound):
    code = "JOB_NOT_FOUND"


class _JobStateConflict(Conflict):
    code = "JOB_STATE_CONFLICT"


def _answers_by_status(*errors: CasareError) -> dict[int, Response]:
    """What the services really answer to `errors`."""
    return {status_of(error): problem_response(error, instance=_INSTANCE, request_id=_REQUEST_ID) for error in errors}


_EXAMPLES: Final = {
    **_answers_by_status(
        Invalid(
            "priority: Input should be less than or equal to 20",
            [FieldError("priority", "Input should be less than or equal to 20")],
        ),
        _CredentialMissing("This route needs a credential: an access token or an API key."),
        Forbidden("This credential lacks the permission 'operate'."),
        _JobNotFound("There is no job job-12345."),
        _JobStateConflict("Job job-12345 is completed; it cannot fail."),
        TooLarge("The body is over the cap of 1000000 bytes."),
        RateLimited("Rate limit exceeded: 60 requests per minute.", retry_after_seconds=7),
        Unavailable("The document store is not reachable."),
    ),
    500: crash_response(instance=_INSTANCE, request_id=_REQUEST_ID),
}
