"""Answers that are errors, as failures of a command (RFC 9457 problem details, contract clarifications 1 and 2)."""

from typing import Any, Final

import httpx

from cli.client.retrying import retry_after_seconds
from cli.failures import AccessDenied, CommandFailed, NotThere, ServerUnavailable, UsageProblem

MAX_DETAIL: Final = 500
_INVALID_INPUT: Final = (400, 413, 415, 422)
_OTHER_ROLE: Final = "Log in as a user whose role permits it: casare login --username NAME"
_FORBIDDEN: Final = {
    "WRONG_PASSWORD": "Nothing was changed. Type the present password again.",
    "SHARED_ACCOUNT": "The user belongs to another tenant too, and changes the password alone: casare user password",
    "NOT_INSTALLATION_ADMIN": "Log in as an administrator of the tenant default: casare login --tenant default",
}


def failure_of(response: httpx.Response, url: str) -> CommandFailed:
    """What the answer means for the command; `url` is the server's."""
    problem = _problem(response)
    if problem is None:
        return _foreign(response, url)
    failure = _meaning(response, problem)
    failure.code = str(problem.get("code") or "")
    return failure


def _meaning(response: httpx.Response, problem: dict[str, Any]) -> CommandFailed:
    status = response.status_code
    detail = _detail(problem)
    if status == 401:
        return AccessDenied(detail, advice="Run: casare login")
    if status == 403:
        return AccessDenied(detail, advice=_FORBIDDEN.get(str(problem.get("code")), _OTHER_ROLE))
    if status == 404:
        return NotThere(detail)
    if status in _INVALID_INPUT:
        return UsageProblem(detail)
    if status == 429:
        wait = retry_after_seconds(response)
        return ServerUnavailable(detail, advice=_come_back(wait), retry_after_seconds=wait)
    if status >= 500:
        return _server_error(response, problem, detail)
    return CommandFailed(detail)


def _server_error(response: httpx.Response, problem: dict[str, Any], detail: str) -> ServerUnavailable:
    request_id = problem.get("request_id") or response.headers.get("X-Request-ID") or "unknown"
    message = detail if str(request_id) in detail else f"{detail} (request {request_id})"
    wait = retry_after_seconds(response)
    advice = _come_back(wait) if response.status_code == 503 else "The server's log says more under that request id."
    return ServerUnavailable(message, advice=advice, retry_after_seconds=wait)


def _foreign(response: httpx.Response, url: str) -> CommandFailed:
    """The answer is not this API's: a proxy's, or that of something else on that port."""
    message = f"{url} answered {response.status_code} {response.reason_phrase}, not as a Casare server does."
    if response.status_code in (429, 502, 503, 504):
        wait = retry_after_seconds(response)
        return ServerUnavailable(message, advice=_come_back(wait), retry_after_seconds=wait)
    return ServerUnavailable(message, advice="Check CASARE_URL, or `casare login --url`.")


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and isinstance(body.get("detail"), str) else None


def _detail(problem: dict[str, Any]) -> str:
    detail: str = problem["detail"]
    errors = problem.get("errors")
    fields = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    missing = [_field(error) for error in fields if str(error.get("message")) not in detail]
    text = f"{detail.rstrip('.')}: {'; '.join(missing)}" if missing else detail
    return text[:MAX_DETAIL]


def _field(error: dict[str, Any]) -> str:
    return f"{error.get('field')} {error.get('message')}"


def _come_back(wait: float | None) -> str:
    if wait is None:
        return "Try again later."
    return f"Try again in {wait:.0f} s." if wait < 120 else f"Try again in {wait / 60:.0f} min."
