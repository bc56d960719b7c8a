"""Answers that are errors, as failures of a command (RFC 9457 problem details, contract clarifications 1 and 2)."""

import time
from typing import Final

import httpx

from casare._problems import Problem, come_back, detail_in, problem_in
from casare._retrying import retry_after_seconds
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
    problem = problem_in(response)
    if problem is None:
        return _foreign(response, url)
    failure = _meaning(response, problem)
    failure.code = str(problem.get("code") or "")
    return failure


def _meaning(response: httpx.Response, problem: Problem) -> CommandFailed:
    status = response.status_code
    detail = detail_in(problem)[:MAX_DETAIL]
    if status == 401:
        return AccessDenied(detail, advice="Run: casare login")
    if status == 403:
        return AccessDenied(detail, advice=_FORBIDDEN.get(str(problem.get("code")), _OTHER_ROLE))
    if status == 404:
        return NotThere(detail)
    if status in _INVALID_INPUT:
        return UsageProblem(detail)
    if status == 429:
        return _busy(response, detail)
    if status >= 500:
        return _server_error(response, problem, detail)
    return CommandFailed(detail)


def _server_error(response: httpx.Response, problem: Problem, detail: str) -> ServerUnavailable:
    request_id = problem.get("request_id") or response.headers.get("X-Request-ID") or "unknown"
    message = detail if str(request_id) in detail else f"{detail} (request {request_id})"
    failure = _busy(response, message)
    if response.status_code != 503:
        failure.advice = "The server's log says more under that request id."
    return failure


def _foreign(response: httpx.Response, url: str) -> CommandFailed:
    """The answer is not this API's: a proxy's, or that of something else on that port."""
    message = f"{url} answered {response.status_code} {response.reason_phrase}, not as a Casare server does."
    if response.status_code in (429, 502, 503, 504):
        return _busy(response, message)
    return ServerUnavailable(message, advice="Check CASARE_URL, or `casare login --url`.")


def _busy(response: httpx.Response, message: str) -> ServerUnavailable:
    wait = retry_after_seconds(response, time.time())
    return ServerUnavailable(message, advice=come_back(wait, "Try again later."), retry_after_seconds=wait)
