"""Jobs as every service sees them: the document, the queue's order, submission, and workflow definitions.

Whoever submits (workflows, scheduler, dispatcher's retries) inserts through `JobSubmitter`; every later transition
belongs to the dispatcher.
"""

from shared.jobs.definitions import Definition, DefinitionStore
from shared.jobs.job import (
    MAX_ATTEMPTS_DEFAULT,
    TERMINAL,
    TIMEOUT_SECONDS_DEFAULT,
    ExecutionMode,
    Job,
    JobStatus,
    Requirements,
)
from shared.jobs.position import queue_position, signature_of
from shared.jobs.store import JOB_INDEXES, JOBS
from shared.jobs.submission import JobSubmitter, NewJob

__all__ = [
    "JOBS",
    "JOB_INDEXES",
    "MAX_ATTEMPTS_DEFAULT",
    "TERMINAL",
    "TIMEOUT_SECONDS_DEFAULT",
    "Definition",
    "DefinitionStore",
    "ExecutionMode",
    "Job",
    "JobStatus",
    "JobSubmitter",
    "NewJob",
    "Requirements",
    "queue_position",
    "signature_of",
]
