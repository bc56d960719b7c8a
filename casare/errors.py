"""What can go wrong, and what to do about it.

CasareError
├── ConfigurationProblem      no login, no such file, an address that is none: nothing was sent
├── ConnectionFailed          nobody answers, or not in time
├── ApiError                  the server refused: `status`, `code`, `detail`, `request_id`, `errors`
│   ├── InvalidInput          400, 413, 415, 422
│   ├── NotAuthenticated      401
│   ├── Forbidden             403
│   ├── NotFound              404
│   ├── Conflict              409
│   ├── RateLimited           429; `retry_after` in seconds
│   └── Unavailable           5xx; `retry_after` in seconds
├── UnexpectedAnswer          an answer that is not this API's
├── WaitTimedOut              also a TimeoutError: the job goes on, only the waiting is over
├── JobNotCompleted           `record` is the job as it ended
│   ├── JobFailed
│   ├── JobCancelled
│   └── JobTimedOut
└── SignatureRefused          a webhook's delivery is not to be trusted
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casare.models import JobRecord


class CasareError(Exception):
    """The root: `except CasareError` catches all that this package raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        """As it is, so that it also crosses from a worker process, whatever its class takes."""
        return _again, (type(self), self.args, self.__dict__)


class ConfigurationProblem(CasareError):
    """The client was given something that it cannot use. Nothing was sent."""


class ConnectionFailed(CasareError):
    """The server cannot be reached, or did not answer in time, after all tries."""


class UnexpectedAnswer(CasareError):
    """Something answered that is no Casare server, or one that is newer or older than this package understands."""


class WaitTimedOut(CasareError, TimeoutError):
    """The time given to a wait is over. The jobs go on; wait again, or cancel them."""


class SignatureRefused(CasareError):
    """A delivery's signature, time or id does not hold. The message says which; tell the sender nothing of it."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a request."""

    field: str
    message: str


class ApiError(CasareError):
    """The server's refusal, a problem document of RFC 9457. `code` is stable and meant for programs."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str = "",
        request_id: str | None = None,
        errors: tuple[FieldError, ...] = (),
        retry_after: float | None = None,
        advice: str = "",
    ) -> None:
        super().__init__(" ".join(filter(None, (_sentence(detail), advice, _reference(status, code, request_id)))))
        self.detail = detail
        self.status = status
        self.code = code
        self.request_id = request_id
        self.errors = errors
        self.retry_after = retry_after


class InvalidInput(ApiError):
    """Something in the request is not allowed; `errors` names the fields. Correct it: a repeat changes nothing."""


class NotAuthenticated(ApiError):
    """The credential is missing, wrong, expired or revoked. Log in again, or pass another one."""


class Forbidden(ApiError):
    """The credential is good, its role does not permit this. Ask an administrator for a role that does."""


class NotFound(ApiError):
    """There is no such thing in this tenant."""


class Conflict(ApiError):
    """The state of what is there does not allow it. Read it again, then decide."""


class RateLimited(ApiError):
    """Too many requests, for longer than the client may wait. Come back after `retry_after` seconds."""


class Unavailable(ApiError):
    """The server cannot answer now, after all tries. The same call, with the same idempotency key, may be repeated."""


class JobNotCompleted(CasareError):
    """A job ended without a result. `record` holds all that is known of it."""

    def __init__(self, record: "JobRecord", message: str) -> None:
        super().__init__(message)
        self.record = record


class JobFailed(JobNotCompleted):
    """Its attempts are used up, or the error was none to retry. `job.logs()` says more, `job.retry()` runs it again."""


class JobCancelled(JobNotCompleted):
    """Somebody cancelled it."""


class JobTimedOut(JobNotCompleted):
    """An attempt took longer than `timeout_seconds`, or the whole job longer than its deadline."""


def _again(kind: type[CasareError], args: tuple[object, ...], state: dict[str, object]) -> CasareError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _reference(status: int, code: str, request_id: str | None) -> str:
    named = f"{status} {code}".strip()
    return f"[{named}, request {request_id}]" if request_id else f"[{named}]"
