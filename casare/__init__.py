"""The Casare client: `Client` for ordinary code, `AsyncClient` for asyncio. Both do the same.

from casare import Client

with Client() as client:
    job = client.submit("workflow.json", variables={"customer": 4711})
    print(job.result(timeout=60))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from casare.errors import (
    ApiError,
    CasareError,
    ConfigurationProblem,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidInput,
    JobCancelled,
    JobFailed,
    JobNotCompleted,
    JobTimedOut,
    NotAuthenticated,
    NotFound,
    RateLimited,
    SignatureRefused,
    Unavailable,
    UnexpectedAnswer,
    WaitTimedOut,
)

if TYPE_CHECKING:
    from casare import webhooks
    from casare._async.client import AsyncClient
    from casare._async.job import AsyncJob
    from casare._retrying import NO_RETRIES, Retries
    from casare._submitting import Run
    from casare._sync.client import Client
    from casare._sync.job import Job
    from casare.progress import Progress

__all__ = [
    "NO_RETRIES",
    "ApiError",
    "AsyncClient",
    "AsyncJob",
    "CasareError",
    "Client",
    "ConfigurationProblem",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "InvalidInput",
    "Job",
    "JobCancelled",
    "JobFailed",
    "JobNotCompleted",
    "JobTimedOut",
    "NotAuthenticated",
    "NotFound",
    "Progress",
    "RateLimited",
    "Retries",
    "Run",
    "SignatureRefused",
    "Unavailable",
    "UnexpectedAnswer",
    "WaitTimedOut",
    "webhooks",
]

_HOMES: Final = {
    "AsyncClient": "casare._async.client",
    "AsyncJob": "casare._async.job",
    "Client": "casare._sync.client",
    "Job": "casare._sync.job",
    "NO_RETRIES": "casare._retrying",
    "Progress": "casare.progress",
    "Retries": "casare._retrying",
    "Run": "casare._submitting",
}
"""What is loaded when it is first asked for: verifying a webhook needs no HTTP client, `casare --help` neither."""


if not TYPE_CHECKING:  # else every name would be one

    def __getattr__(name: str) -> Any:
        if name == "webhooks":
            return import_module("casare.webhooks")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value
