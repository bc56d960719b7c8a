"""Errors with meaning. Each has one HTTP status, given in `shared/web/problems.py` and nowhere else.

    CasareError
    ├── Invalid            the input breaks a rule                        400
    │   └── TooLarge       the body is over its cap                       413
    ├── Unauthenticated    no credential, or not a valid one              401
    ├── Forbidden          a valid identity without the permission        403
    ├── NotFound           no such thing in the caller's tenant           404
    ├── Conflict           the thing's present state refuses this         409
    ├── RateLimited        too many requests                              429
    └── Unavailable        a dependency is down; try again                503

Subclass beside the rule that raises; `code` is stable, upper snake case, and part of the API.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of the input and what is wrong with it."""

    field: str
    message: str


class CasareError(Exception):
    """Base of every error a caller may be told about."""

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(CasareError):
    """The input breaks a rule; `errors` names the fields."""

    code = "INVALID_INPUT"

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)

    @classmethod
    def field(cls, field: str, message: str) -> "Invalid":
        """The error of a single field."""
        return cls(f"{field}: {message}", [FieldError(field, message)])


class TooLarge(Invalid):
    """The body is over its cap."""

    code = "BODY_TOO_LARGE"


class Unauthenticated(CasareError):
    """No credential, or one that is malformed, expired or revoked."""

    code = "UNAUTHENTICATED"


class Forbidden(CasareError):
    """The identity is valid but lacks the permission."""

    code = "FORBIDDEN"


class NotFound(CasareError):
    """No such thing in the caller's tenant."""

    code = "NOT_FOUND"


class Conflict(CasareError):
    """The present state of the thing refuses this."""

    code = "CONFLICT"


class RateLimited(CasareError):
    """Too many requests; `retry_after_seconds` says when to come back."""

    code = "RATE_LIMITED"

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(CasareError):
    """A dependency is down or too slow; nothing was decided, the caller may try again."""

    code = "UNAVAILABLE"

    def __init__(self, detail: str, retry_after_seconds: int = 2) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
