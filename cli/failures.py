"""How a command fails: its exit code, one line that says why, and what to do next.

CommandFailed            1  the job or the operation failed
├── UsageProblem         2  wrong usage, input or configuration
├── AccessDenied         3  not logged in, or not allowed
├── NotThere             4  no such thing
└── ServerUnavailable    5  the server cannot be reached or cannot answer now
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from casare.errors import ConfigurationProblem


class ExitCode(IntEnum):
    """What scripts can rely on."""

    OK = 0
    FAILED = 1
    USAGE = 2
    DENIED = 3
    NOT_FOUND = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130
    READER_GONE = 141


class CommandFailed(Exception):
    """The operation was refused or failed; `advice` is what to do next, or empty."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice
        self.code = ""
        """The server's stable code of it, e.g. `JOB_NOT_RETRYABLE`; empty when it is not the server's."""


class UsageProblem(CommandFailed):
    """What was typed, a file, or the configuration cannot be used."""

    exit_code = ExitCode.USAGE


class AccessDenied(CommandFailed):
    """Not logged in, the login has ended, or it does not permit this."""

    exit_code = ExitCode.DENIED


class NotThere(CommandFailed):
    """The server knows no such thing."""

    exit_code = ExitCode.NOT_FOUND


class ServerUnavailable(CommandFailed):
    """Nobody answers, or the answer is that it cannot be done now; `retry_after_seconds` when the server said so."""

    exit_code = ExitCode.UNAVAILABLE

    def __init__(self, message: str, *, advice: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after_seconds = retry_after_seconds


def not_logged_in(where: str, *, profile: str = "") -> AccessDenied:
    """The refusal of a command that needs a login at `where`, an address; `profile` if one was named."""
    if not profile:
        return AccessDenied(f"Not logged in at {where}.", advice="Run: casare login")
    return AccessDenied(
        f"The profile {profile} is not logged in at {where}.",
        advice=f"Run: casare login --profile {profile}; `casare profile list` shows the others.",
    )


@contextmanager
def as_usage_problem() -> Iterator[None]:
    """Raises UsageProblem for what the client cannot use. Also a decorator."""
    try:
        yield
    except ConfigurationProblem as problem:
        raise UsageProblem(str(problem)) from problem
