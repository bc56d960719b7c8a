"""The Casare client: `Client` for ordinary code, `AsyncClient` for asyncio. Both do the same.

from casare import Client

with Client() as client:
    job = client.submit("workflow.json", variables={"customer": 4711})
    print(job.result(timeout=60))
"""

from casare import webhooks
from casare._async.client import AsyncClient
from casare._async.job import AsyncJob
from casare._retrying import NO_RETRIES, Retries
from casare._submitting import Run
from casare._sync.client import Client
from casare._sync.job import Job
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
