"""The state machine of a job (clarifications 11): one table, from which the store's guards are built too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from shared.events import EventData
from shared.jobs import JobStatus
from shared.jobs.job import LEASED, Job
from shared.kernel.errors import Conflict


class Verb(StrEnum):
    """What can happen to a job."""

    PROMOTE = "promote"
    CLAIM = "claim"
    ACCEPT = "accept"
    PROGRESS = "progress"
    EXTEND = "extend"
    COMPLETE = "complete"
    FAIL = "fail"
    RETRY = "retry"
    RELEASE = "release"
    EXPIRE = "expire"
    TIME_OUT = "time_out"
    CANCEL = "cancel"
    REMOVE_DEAD_LETTER = "remove_dead_letter"


_PENDING: Final = frozenset({JobStatus.PENDING})

TRANSITIONS: Final[Mapping[Verb, tuple[frozenset[JobStatus], JobStatus | None]]] = {
    Verb.PROMOTE: (_PENDING, JobStatus.PENDING),
    Verb.CLAIM: (_PENDING, JobStatus.CLAIMED),
    Verb.ACCEPT: (LEASED, JobStatus.RUNNING),
    Verb.PROGRESS: (LEASED, JobStatus.RUNNING),
    Verb.EXTEND: (LEASED, None),
    Verb.COMPLETE: (LEASED, JobStatus.COMPLETED),
    Verb.FAIL: (LEASED, JobStatus.FAILED),
    Verb.RETRY: (LEASED, JobStatus.PENDING),
    Verb.RELEASE: (LEASED, JobStatus.PENDING),
    Verb.EXPIRE: (LEASED, JobStatus.PENDING),
    Verb.TIME_OUT: (_PENDING | LEASED, JobStatus.TIMEOUT),
    Verb.CANCEL: (_PENDING | LEASED, JobStatus.CANCELLED),
    Verb.REMOVE_DEAD_LETTER: (frozenset({JobStatus.FAILED, JobStatus.TIMEOUT}), None),
}
"""Verb → (states it starts from, state it leads to; None keeps the state)."""


class TransitionRefused(Conflict):
    """The job's state does not allow this."""

    code = "JOB_STATE_CONFLICT"


@dataclass(frozen=True, slots=True)
class Change:
    """What a verb does to a job: the fields it sets and the event it causes (None: telemetry only)."""

    verb: Verb
    fields: Mapping[str, Any] = field(default_factory=dict)
    event: EventData | None = None

    @property
    def sources(self) -> frozenset[JobStatus]:
        """The states it may start from."""
        return TRANSITIONS[self.verb][0]


def target_of(verb: Verb, job: Job) -> JobStatus:
    """The state `verb` leads `job` to; raises `TransitionRefused` when its present state does not allow it."""
    sources, target = TRANSITIONS[verb]
    if job.status not in sources:
        raise TransitionRefused(f"Job {job.job_id} is {job.status.value}; it cannot {verb.value.replace('_', ' ')}.")
    return job.status if target is None else target
