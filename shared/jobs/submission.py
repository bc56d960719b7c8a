"""The one way a job comes into being."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from shared.events import wrap
from shared.events.jobs import JobSubmitted
from shared.jobs.job import (
    MAX_ATTEMPTS_DEFAULT,
    TIMEOUT_SECONDS_DEFAULT,
    Job,
    JobStatus,
    Requirements,
    from_document,
    to_document,
)
from shared.jobs.position import place, queue_position
from shared.jobs.store import JOBS
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.ids import NewId, new_traceparent
from shared.messaging.outbox import OutboxRelay, outbox_of_new
from shared.storage import Collection

FIRST_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a submitter decides about a job."""

    tenant_id: str
    workflow_id: str
    workflow_name: str
    workflow_version: int
    definition_id: str
    priority: int
    requirements: Requirements = field(default_factory=Requirements)
    variables: Mapping[str, Any] = field(default_factory=dict)
    trigger: str = "manual"
    created_by: str = ""
    run_at_ms: int | None = None
    max_attempts: int = MAX_ATTEMPTS_DEFAULT
    timeout_seconds: int = TIMEOUT_SECONDS_DEFAULT
    must_end_ms: int | None = None
    """When the job as a whole must have ended; None for no such limit."""
    retry_of: str | None = None
    """The job that this one tries again."""
    job_id: str | None = None
    """A fixed id makes the submission repeatable: the second insert finds the first (schedules, retries)."""
    traceparent: str | None = None


class JobSubmitter:
    """Inserts jobs together with their `job.submitted` event."""

    def __init__(self, jobs: Collection, relay: OutboxRelay, clock: Clock, new_id: NewId) -> None:
        self._jobs = jobs
        self._relay = relay
        self._clock = clock
        self._new_id = new_id

    async def submit(self, new_job: NewJob) -> Job:
        """Store the job and announce it. A job that already has this fixed id is returned unchanged.

        Raises `Unavailable`; the job may then exist, so callers that retry give a fixed id.
        """
        job = self._job(new_job)
        event = wrap(
            submitted_event(job),
            event_id=self._new_id(),
            subject=job.job_id,
            tenant_id=job.tenant_id,
            version=job.version,
            at_ms=job.created_ms,
            traceparent=job.traceparent,
        )
        if await self._jobs.insert({**to_document(job), **outbox_of_new(event)}):
            self._relay.send(JOBS, job.job_id, event)
            return job
        existing = await self._jobs.get(job.job_id)
        if existing is None:
            raise Unavailable("The job was being removed while it was submitted.")
        return from_document(existing)

    def _job(self, new_job: NewJob) -> Job:
        now_ms = self._clock.now_ms()
        job_id = new_job.job_id or self._new_id()
        run_at_ms = max(now_ms, new_job.run_at_ms or 0)
        is_due = run_at_ms <= now_ms
        return Job(
            job_id=job_id,
            tenant_id=new_job.tenant_id,
            version=FIRST_VERSION,
            status=JobStatus.PENDING,
            workflow_id=new_job.workflow_id,
            workflow_name=new_job.workflow_name,
            workflow_version=new_job.workflow_version,
            definition_id=new_job.definition_id,
            priority=new_job.priority,
            requirements=new_job.requirements,
            place=place(new_job.tenant_id, now_ms, job_id),
            variables_json=msgspec.json.encode(new_job.variables).decode(),
            trigger=new_job.trigger,
            retry_of=new_job.retry_of,
            created_ms=now_ms,
            created_by=new_job.created_by,
            updated_ms=now_ms,
            run_at_ms=run_at_ms,
            queue_position=queue_position(new_job.tenant_id, new_job.requirements, new_job.priority, now_ms, job_id)
            if is_due
            else None,
            waiting_until_ms=None if is_due else run_at_ms,
            max_attempts=new_job.max_attempts,
            timeout_seconds=new_job.timeout_seconds,
            must_end_ms=new_job.must_end_ms,
            deadline_ms=new_job.must_end_ms,
            traceparent=new_job.traceparent or new_traceparent(),
        )


def submitted_event(job: Job) -> JobSubmitted:
    """The event of a job's submission."""
    return JobSubmitted(
        job_id=job.job_id,
        workflow_id=job.workflow_id,
        workflow_name=job.workflow_name,
        status=job.status,
        environment=job.requirements.environment,
        priority=job.priority,
        created_ms=job.created_ms,
        queue_position=job.queue_position,
        run_at_ms=job.run_at_ms,
        execution_mode=job.requirements.execution_mode,
        required_capabilities=job.requirements.capabilities,
        required_tags=job.requirements.tags,
        required_robot_id=job.requirements.robot_id,
        trigger=job.trigger,
        retry_of=job.retry_of,
    )
