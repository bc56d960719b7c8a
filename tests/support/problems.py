"""What every refusal must be: problem details (clarifications 1, 2 and 3)."""

from typing import Final

import httpx

from tests.support.api import API

_FIELDS: Final = {"type", "title", "status", "detail", "instance", "code", "request_id"}


def problem_faults(answer: httpx.Response, status: int, code: str, *, names: str | None = None) -> list[str]:
    """What is wrong with a refusal that should have this status and code and name the field `names`, if given."""
    if answer.headers.get("content-type") != "application/problem+json":
        return [f"{answer.status_code} {answer.headers.get('content-type')} {answer.text[:200]}"]
    problem = answer.json()
    named = [error["field"] for error in problem.get("errors", [])]
    claims = {
        f"{answer.status_code} {problem.get('code')}, not {status} {code}: {problem.get('detail')}": (
            answer.status_code == status and problem.get("code") == code
        ),
        f"incomplete: {problem}": problem.keys() >= _FIELDS,
        f"detail is no sentence: {problem.get('detail')!r}": bool(problem.get("detail"))
        and isinstance(problem["detail"], str),
        f"status {problem.get('status')} in the body": problem.get("status") == answer.status_code,
        f"instance {problem.get('instance')!r}": str(problem.get("instance")).startswith(API),
        "another request id in the header": answer.headers.get("x-request-id") == problem.get("request_id"),
        "no WWW-Authenticate": answer.status_code != httpx.codes.UNAUTHORIZED or "www-authenticate" in answer.headers,
        "no Retry-After": answer.status_code not in (429, 503) or "retry-after" in answer.headers,
        f"does not name {names}: {named}": names is None or any(_is_within(field, names) for field in named),
        f"a trace: {problem.get('detail')}": "Traceback" not in answer.text,
    }
    return [fault for fault, holds in claims.items() if not holds]


def _is_within(field: str, name: str) -> bool:
    return field == name or field.startswith(f"{name}.")
