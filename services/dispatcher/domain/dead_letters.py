"""Dead letters: jobs that ended without success and without a user's will, kept until somebody deals with them.

A dead letter is no document of its own: the job carries `dead_place`, set in the same write that ends it, so that no
crash can end a job without its dead letter. Removing it leaves the job in the history.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from shared.jobs.job import Job
from shared.jobs.position import place
from shared.kernel.errors import NotFound

TOP_WORKFLOWS: Final = 10
_RETRY_ID_BYTES: Final = 16


class DeadReason(StrEnum):
    """Why a job became a dead letter."""

    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    """It failed, or its robot went silent, on the last attempt."""
    NOT_RETRYABLE = "not_retryable"
    """Its robot, or the lack of its definition, said that trying again is of no use."""
    TIMEOUT = "timeout"
    """An attempt ran longer than `timeout_seconds`."""
    DEADLINE = "deadline"
    """The whole job's deadline passed, or would have before the next attempt."""


class Removal(StrEnum):
    """How a dead letter leaves."""

    RETRIED = "retried"
    DELETED = "deleted"
    PURGED = "purged"


class DeadLetterNotFound(NotFound):
    """No such dead letter in the caller's tenant."""

    code = "DEAD_LETTER_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class DeadLetterStats:
    """What the dead letters of a tenant are. `by_…` count the newest ones, at most `n_counted`."""

    total: int
    n_counted: int
    by_reason: dict[str, int]
    by_error_type: dict[str, int]
    by_workflow: list[tuple[str, str, int]]
    """Workflow id, its name, dead letters; most first."""
    oldest_ms: int | None
    newest_ms: int | None


def buried(job: Job, reason: DeadReason, ended_ms: int) -> dict[str, Any]:
    """The fields that make `job` a dead letter as it ends."""
    return {"dead_place": place(job.tenant_id, ended_ms, job.job_id), "dead_reason": reason.value}


def retry_id_of(job: Job) -> str:
    """The id of the job that a dead letter's retry makes: the same for every retry of it, so that there is one."""
    source = f"{job.tenant_id}|{job.job_id}|{job.finished_ms}".encode()
    return "dlq_" + hashlib.blake2b(source, digest_size=_RETRY_ID_BYTES).hexdigest()


def summarize(newest: Sequence[Job], *, total: int, oldest_ms: int | None) -> DeadLetterStats:
    """The figures over `newest`, the tenant's newest dead letters, newest first, out of `total`."""
    workflows = Counter(job.workflow_id for job in newest)
    names = {job.workflow_id: job.workflow_name for job in reversed(newest)}
    return DeadLetterStats(
        total=max(total, len(newest)),
        n_counted=len(newest),
        by_reason=dict(Counter(job.dead_reason or "" for job in newest)),
        by_error_type=dict(Counter(job.error_type or "UNKNOWN" for job in newest)),
        by_workflow=[(key, names[key], n) for key, n in workflows.most_common(TOP_WORKFLOWS)],
        oldest_ms=oldest_ms,
        newest_ms=newest[0].finished_ms if newest else None,
    )
