"""How a run that is asked for by hand, and its job, are told from others.

The contract's form of the job's id, `manual_<8 digits>_<8 digits>`, has too few digits to be unique: schedules made
within a minute share the first eight, and the others are as good as drawn. So each run has an id of its own, and its
job carries a span made from that. A job with the same id and another span is a stranger's: the run tries its next id.
"""

import hashlib
from typing import Final

from shared.kernel.ids import new_traceparent

_DIGITS: Final = 8
_SPAN_DIGITS: Final = 16


def manual_job_id(schedule_id: str, run_id: str, attempt: int) -> str:
    """The id that the run's job gets if those of earlier attempts belong to others."""
    return f"manual_{schedule_id[:_DIGITS]}_{_digest(f'{run_id} {attempt}')[:_DIGITS]}"


def manual_traceparent(run_id: str, caller: str | None) -> str:
    """The job's trace context (W3C): the run's span within the trace of `caller`, or within a new one."""
    version, trace, _, flags = (caller or new_traceparent()).split("-")
    return "-".join((version, trace, _span(run_id), flags))


def is_job_of_run(traceparent: str | None, run_id: str) -> bool:
    """Whether a job with this trace context was made by this run."""
    return traceparent is not None and f"-{_span(run_id)}-" in traceparent


def _span(run_id: str) -> str:
    return _digest(f"span {run_id}")[:_SPAN_DIGITS]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
