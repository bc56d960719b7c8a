"""Random lives of jobs, as the dispatcher's own rules make them: the stored job and its terminal event."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.dead_letters import DeadReason
from services.dispatcher.domain.transitions import Change
from services.metrics.domain.rollup_keys import DAY_MS
from shared.events import CloudEvent, wrap
from shared.jobs import Job, JobStatus
from tests.component.metrics.running_metrics import job_of
from tests.support.clock import ManualClock

NOON_MS: Final = ManualClock().now_ms()
TENANTS: Final = ("default", "a|b", "elsewhere")
SUMS: Final = (None, 1, 40, 90_000, 3 * 3_600_000)


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended, and the event that says so."""

    job: Job
    event: CloudEvent


@st.composite
def histories(draw: st.DrawFn) -> list[Ended]:
    """Jobs of several tenants, workflows and robots that ended in the last four days."""
    return [_ended(draw, n) for n in range(draw(st.integers(0, 25)))]


def _ended(draw: st.DrawFn, number: int) -> Ended:
    finished_ms = NOON_MS - draw(st.integers(0, 4 * DAY_MS))
    duration_ms = draw(st.sampled_from(SUMS) | st.integers(0, 10**7))
    tenant_id = draw(st.sampled_from(TENANTS))
    workflow = draw(st.integers(0, 12))
    waiting = job_of(
        f"job-{number}", JobStatus.PENDING, finished_ms - 10**7, tenant_id=tenant_id,
        workflow_id=f"w-{workflow}", workflow_name=f"Workflow {draw(st.integers(0, 2))}",
    )  # fmt: skip
    if draw(st.booleans()):
        waiting = _changed(waiting, _failed_attempt(draw, waiting, finished_ms - 10**7))
    if duration_ms is None:
        return _after(waiting, lifecycle.cancel(waiting, cancelled_by="u", now_ms=finished_ms), finished_ms)
    robot_id = draw(st.sampled_from(("r-1", "r-2")))
    claim = lifecycle.claim(
        waiting, robot_id=robot_id, lease_token="t", lease_seconds=30, now_ms=finished_ms - duration_ms
    )
    held = _changed(waiting, claim)
    return _after(held, _end(draw, held, finished_ms), finished_ms)


def _failed_attempt(draw: st.DrawFn, waiting: Job, now_ms: int) -> Change:
    """What an attempt that failed and is followed by another leaves of the job."""
    claim = lifecycle.claim(waiting, robot_id="r-3", lease_token="t", lease_seconds=30, now_ms=now_ms)
    return lifecycle.retry(
        _changed(waiting, claim), error_message="m", error_type=None, run_at_ms=now_ms, report="r",
        result_json=msgspec.json.encode({"self_healing": _healing(draw)}).decode(),
    )  # fmt: skip


def _end(draw: st.DrawFn, held: Job, now_ms: int) -> Change:
    end = draw(st.sampled_from(("complete", "complete", "heal", "fail", "expire", "time_out", "cancel")))
    if end == "fail":
        error_type = draw(st.sampled_from((None, "", "SELECTOR", "a.b", "E" * 90)))
        told = {"node_execution": [{"node_id": "n", "self_healing": _healing(draw)}]}
        return lifecycle.fail(
            held,
            error_message="m",
            error_type=error_type,
            failed_node=None,
            reason=DeadReason.NOT_RETRYABLE,
            report="r",
            now_ms=now_ms,
            result_json=draw(st.sampled_from((None, msgspec.json.encode(told).decode()))),
        )
    if end == "expire":
        return lifecycle.expire(msgspec.structs.replace(held, max_attempts=1), now_ms=now_ms)
    if end == "time_out":
        return lifecycle.time_out(held, now_ms=now_ms)
    if end == "cancel":
        return lifecycle.cancel(held, cancelled_by="u", now_ms=now_ms)
    result: dict[str, Any] = {"n": 1, "self_healing": _healing(draw)} if end == "heal" else {"n": 1}
    result_json = msgspec.json.encode(result).decode()
    return lifecycle.complete(held, result_json=result_json, report="r", now_ms=now_ms)


def _healing(draw: st.DrawFn) -> dict[str, int]:
    return {"attempts": draw(st.integers(0, 5)), "successes": draw(st.integers(0, 7))}


def _changed(job: Job, change: Change) -> Job:
    return msgspec.structs.replace(job, **change.fields)


def _after(job: Job, change: Change, now_ms: int) -> Ended:
    assert change.event is not None
    event = wrap(
        change.event, event_id=f"event-{job.job_id}", subject=job.job_id, tenant_id=job.tenant_id, version=9,
        at_ms=now_ms,
    )  # fmt: skip
    return Ended(_changed(job, change), event)
