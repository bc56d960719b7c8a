"""What each verb does to a job: pure functions from a job to a `Change`."""

from typing import Any, Final

from services.dispatcher.domain.dead_letters import DeadReason, Removal, buried
from services.dispatcher.domain.reports import report_key
from services.dispatcher.domain.transitions import Change, Verb, target_of
from shared.events.jobs import (
    JobCancelled,
    JobClaimed,
    JobCompleted,
    JobDeadLetterRemoved,
    JobDue,
    JobFailed,
    JobFinished,
    JobLeaseExpired,
    JobQueuedEvent,
    JobReleased,
    JobRetryScheduled,
    JobStarted,
    JobTimedOut,
)
from shared.jobs import JobStatus, queue_position
from shared.jobs.job import Job
from shared.jobs.self_healing import healing_of

LEASE_EXPIRED: Final = "LEASE_EXPIRED"
JOB_TIMEOUT: Final = "JOB_TIMEOUT"
DEADLINE_EXCEEDED: Final = "DEADLINE_EXCEEDED"
STOPPED: Final = "stopped"
"""Kept as the last report of an attempt that the server ended: its robot is told so at its next lease call."""
NOT_ACCEPTED: Final = "not accepted in time"
"""The reason with which a job that was pushed and not accepted returns to the queue."""


def may_be_claimed(job: Job, now_ms: int) -> bool:
    """Whether the job stands in the queue and may still end in time."""
    return job.status is JobStatus.PENDING and job.queue_position is not None and not _is_too_late(job, now_ms)


def claim(
    job: Job, *, robot_id: str, lease_token: str, lease_seconds: int, now_ms: int, offered: bool = False
) -> Change:
    """Give the job to a robot with a fresh lease; `offered`: the robot did not ask, and has to accept it."""
    status = target_of(Verb.CLAIM, job)
    expires_ms = now_ms + lease_seconds * 1000
    deadline_ms = now_ms + job.timeout_seconds * 1000
    fields = {
        "status": status,
        "queue_position": None,
        "attempt": job.attempt + 1,
        "robot_id": robot_id,
        "lease_token": lease_token,
        "lease_seconds": lease_seconds,
        "lease_expires_ms": expires_ms,
        "is_offered": offered,
        "deadline_ms": deadline_ms if job.must_end_ms is None else min(deadline_ms, job.must_end_ms),
        "claimed_ms": now_ms,
        "started_ms": None,
        "progress": 0,
        "current_node": None,
        "progress_message": None,
        "result_json": None,
        **_healed(job, job.result_json),
    }
    event = JobClaimed(**_facts(job, status), attempt=job.attempt + 1, robot_id=robot_id, lease_expires_ms=expires_ms)
    return Change(Verb.CLAIM, fields, event)


def accept(job: Job, *, lease_seconds: int, now_ms: int) -> Change:
    """The robot takes the job that was pushed to it and works on it: `running`, under a lease of the usual length."""
    status = target_of(Verb.ACCEPT, job)
    expires_ms = now_ms + lease_seconds * 1000
    fields: dict[str, Any] = {"lease_seconds": lease_seconds, "lease_expires_ms": expires_ms, "is_offered": False}
    if job.status is status:
        return Change(Verb.ACCEPT, fields)
    fields |= {"status": status, "started_ms": now_ms}
    return Change(Verb.ACCEPT, fields, JobStarted(**_held_facts(job, status), started_ms=now_ms))


def offer_again(job: Job, *, lease_seconds: int, now_ms: int) -> Change:
    """The robot that has not accepted the job is back: it is asked once more, with all the time to answer."""
    target_of(Verb.EXTEND, job)
    return Change(Verb.EXTEND, {"lease_expires_ms": now_ms + lease_seconds * 1000})


def withdraw(job: Job, *, reason: str) -> Change:
    """The server takes the job back from a robot; the attempt is not counted, the robot is told to stop."""
    return release(job, reason=reason, report=report_key(job, STOPPED, JobStatus.PENDING))


def progress(job: Job, *, percent: int, current_node: str | None, message: str | None, now_ms: int) -> Change:
    """Record progress and renew the lease; the first report makes the job `running`."""
    status = target_of(Verb.PROGRESS, job)
    fields: dict[str, Any] = {
        "progress": percent,
        "current_node": current_node,
        "progress_message": message,
        "lease_expires_ms": now_ms + job.lease_seconds * 1000,
    }
    if job.status is status:
        return Change(Verb.PROGRESS, fields)
    fields |= {"status": status, "started_ms": now_ms, "is_offered": False}
    return Change(Verb.PROGRESS, fields, JobStarted(**_held_facts(job, status), started_ms=now_ms))


def extend(job: Job, *, extension_seconds: int, now_ms: int) -> Change:
    """Renew the lease for `extension_seconds` from now."""
    target_of(Verb.EXTEND, job)
    fields = {"lease_expires_ms": now_ms + extension_seconds * 1000, "lease_seconds": extension_seconds}
    return Change(Verb.EXTEND, fields)


def complete(job: Job, *, result_json: str, report: str, now_ms: int) -> Change:
    """The robot finished the job."""
    status = target_of(Verb.COMPLETE, job)
    fields = {**_end(status, now_ms), "progress": 100, "result_json": result_json, "last_report": report}
    return Change(Verb.COMPLETE, fields, _finished(JobCompleted, job, status, now_ms, result_json))


def fail(
    job: Job,
    *,
    error_message: str,
    error_type: str | None,
    failed_node: str | None,
    reason: DeadReason,
    report: str | None,
    now_ms: int,
    result_json: str | None = None,
) -> Change:
    """The job failed for good and becomes a dead letter. `result_json`: what its robot tells of the last attempt."""
    status = target_of(Verb.FAIL, job)
    error = {"error_message": error_message, "error_type": error_type, "failed_node": failed_node}
    told = {**error, "result_json": result_json, "last_report": report}
    fields = {**_end(status, now_ms), **buried(job, reason, now_ms), **told}
    return Change(Verb.FAIL, fields, _finished(JobFailed, job, status, now_ms, result_json, **error))


def retry(
    job: Job,
    *,
    error_message: str,
    error_type: str | None,
    run_at_ms: int,
    report: str,
    result_json: str | None = None,
) -> Change:
    """The attempt failed; the job waits until `run_at_ms` for another, whose claim takes `result_json` away again."""
    status = target_of(Verb.RETRY, job)
    fields = {
        **_unlease(status, job.must_end_ms),
        "run_at_ms": run_at_ms,
        "waiting_until_ms": run_at_ms,
        "error_message": error_message,
        "error_type": error_type,
        "result_json": result_json,
        "last_report": report,
    }
    event = JobRetryScheduled(
        **_queued_facts(job, status, None, run_at_ms), error_message=error_message, error_type=error_type
    )
    return Change(Verb.RETRY, fields, event)


def release(job: Job, *, reason: str, report: str) -> Change:
    """The robot gives the job back; the attempt is not counted (beyond.md)."""
    fields = {"n_released": job.n_released + 1, "last_report": report}
    return _requeue(job, Verb.RELEASE, JobReleased, fields, reason=reason)


def expire(job: Job, *, now_ms: int) -> Change:
    """The lease ran out: back to the queue, or failed when the attempts are used up.

    A job that was pushed and never accepted did not run: its attempt is not counted.
    """
    target_of(Verb.EXPIRE, job)
    if job.is_offered:
        return withdraw(job, reason=NOT_ACCEPTED)
    if job.attempts_used < job.max_attempts:
        return _requeue(job, Verb.EXPIRE, JobLeaseExpired, {"error_type": LEASE_EXPIRED, "last_report": None})
    message = f"Robot {job.robot_id} stopped renewing its lease on attempt {job.attempt}."
    return fail(
        job,
        error_message=message,
        error_type=LEASE_EXPIRED,
        failed_node=job.current_node,
        reason=DeadReason.ATTEMPTS_EXHAUSTED,
        report=None,
        now_ms=now_ms,
    )


def time_out(job: Job, *, now_ms: int) -> Change:
    """The attempt ran longer than `timeout_seconds`, or the whole job's deadline passed, running or waiting."""
    status = target_of(Verb.TIME_OUT, job)
    reason, error = DeadReason.TIMEOUT, _error(JOB_TIMEOUT, f"The job ran longer than {job.timeout_seconds} seconds.")
    if _is_too_late(job, now_ms):
        reason, error = DeadReason.DEADLINE, _error(DEADLINE_EXCEEDED, "The job did not end before its deadline.")
    fields = {**_end(status, now_ms), **buried(job, reason, now_ms), **error, **_stopped(job, status)}
    return Change(Verb.TIME_OUT, fields, _finished(JobTimedOut, job, status, now_ms, job.result_json, **error))


def cancel(job: Job, *, cancelled_by: str, now_ms: int) -> Change:
    """A user stops the job; final at once (clarifications 13)."""
    status = target_of(Verb.CANCEL, job)
    fields = {**_end(status, now_ms), **_stopped(job, status)}
    return Change(
        Verb.CANCEL, fields, _finished(JobCancelled, job, status, now_ms, job.result_json, cancelled_by=cancelled_by)
    )


def remove_dead_letter(job: Job, *, how: Removal, removed_by: str, new_job_id: str | None = None) -> Change:
    """Somebody dealt with the dead letter; the job stays as it ended."""
    status = target_of(Verb.REMOVE_DEAD_LETTER, job)
    event = JobDeadLetterRemoved(**_held_facts(job, status), how=how, removed_by=removed_by, new_job_id=new_job_id)
    return Change(Verb.REMOVE_DEAD_LETTER, {"dead_place": None}, event)


def promote(job: Job) -> Change:
    """A waiting job's time has come: it takes its place in the queue."""
    status = target_of(Verb.PROMOTE, job)
    position = _position(job)
    fields = {"queue_position": position, "waiting_until_ms": None}
    return Change(Verb.PROMOTE, fields, JobDue(**_queued_facts(job, status, position, job.run_at_ms)))


def _position(job: Job) -> str:
    return queue_position(job.tenant_id, job.requirements, job.priority, job.created_ms, job.job_id)


def _is_too_late(job: Job, now_ms: int) -> bool:
    return job.must_end_ms is not None and now_ms >= job.must_end_ms


def _error(error_type: str, message: str) -> dict[str, str]:
    return {"error_message": message, "error_type": error_type}


def _unlease(status: JobStatus, deadline_ms: int | None) -> dict[str, Any]:
    return {"status": status, "lease_token": None, "lease_expires_ms": None, "deadline_ms": deadline_ms}


def _end(status: JobStatus, now_ms: int) -> dict[str, Any]:
    return {**_unlease(status, None), "queue_position": None, "waiting_until_ms": None, "finished_ms": now_ms}


def _healed(job: Job, result_json: str | None) -> dict[str, Any]:
    healing = healing_of(job, result_json)
    return {"healing_attempts": healing.attempts, "healing_successes": healing.successes}


def _stopped(job: Job, status: JobStatus) -> dict[str, Any]:
    """What tells the robot that runs the job, if one does, that the server ended its attempt."""
    return {"last_report": report_key(job, STOPPED, status)} if job.is_leased else {}


def _requeue(
    job: Job, verb: Verb, event_type: type[JobQueuedEvent], fields: dict[str, Any], **event_fields: Any
) -> Change:
    status = target_of(verb, job)
    position = _position(job)
    event = event_type(**_queued_facts(job, status, position, job.run_at_ms), **event_fields)
    return Change(verb, {**_unlease(status, job.must_end_ms), "queue_position": position, **fields}, event)


def _facts(job: Job, status: JobStatus) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "workflow_id": job.workflow_id,
        "workflow_name": job.workflow_name,
        "status": status.value,
        "environment": job.requirements.environment,
        "priority": job.priority,
        "created_ms": job.created_ms,
    }


def _held_facts(job: Job, status: JobStatus) -> dict[str, Any]:
    return {**_facts(job, status), "attempt": job.attempt, "robot_id": job.robot_id}


def _queued_facts(job: Job, status: JobStatus, position: str | None, run_at_ms: int) -> dict[str, Any]:
    needs = job.requirements
    return {
        **_held_facts(job, status),
        "queue_position": position,
        "run_at_ms": run_at_ms,
        "execution_mode": needs.execution_mode,
        "required_capabilities": needs.capabilities,
        "required_tags": needs.tags,
        "required_robot_id": needs.robot_id,
    }


def _finished(
    event_type: type[JobFinished], job: Job, status: JobStatus, now_ms: int, result_json: str | None, **extra: Any
) -> JobFinished:
    return event_type(
        **_held_facts(job, status),
        started_ms=job.started_ms or job.claimed_ms,
        finished_ms=now_ms,
        duration_ms=None if job.claimed_ms is None else now_ms - job.claimed_ms,
        **_healed(job, result_json),
        **extra,
    )
