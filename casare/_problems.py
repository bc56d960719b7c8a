"""Problem documents (RFC 9457), read as the API writes them."""

from typing import Any

import httpx

from casare.errors import FieldError

Problem = dict[str, Any]


def problem_in(response: httpx.Response) -> Problem | None:
    """What the answer says of its failure; None when it is not this API's."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and isinstance(body.get("detail"), str) else None


def detail_in(problem: Problem) -> str:
    """What went wrong, with the fields that it does not name itself."""
    detail: str = problem["detail"]
    missing = [f"{error.field} {error.message}" for error in errors_in(problem) if error.message not in detail]
    return f"{detail.rstrip('.')}: {'; '.join(missing)}" if missing else detail


def errors_in(problem: Problem) -> tuple[FieldError, ...]:
    """What is wrong with which field."""
    errors = problem.get("errors")
    listed = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return tuple(FieldError(str(error.get("field", "")), str(error.get("message", ""))) for error in listed)


def come_back(wait_seconds: float | None, unknown: str = "") -> str:
    """When to try again; `unknown` when the server did not say."""
    if wait_seconds is None:
        return unknown
    return f"Try again in {wait_seconds:.0f} s." if wait_seconds < 120 else f"Try again in {wait_seconds / 60:.0f} min."
