"""The job of one run of a schedule."""

from services.scheduler.domain.schedule import Schedule
from services.scheduler.ports import RunnableWorkflow
from shared.jobs import NewJob, Requirements


def new_job(
    schedule: Schedule,
    workflow: RunnableWorkflow,
    *,
    job_id: str,
    trigger: str,
    created_by: str,
    traceparent: str | None = None,
) -> NewJob:
    """The workflow's current version, run as the schedule has it."""
    return NewJob(
        tenant_id=schedule.tenant_id,
        workflow_id=schedule.workflow_id,
        workflow_name=workflow.name,
        workflow_version=workflow.version,
        definition_id=workflow.definition_id,
        priority=schedule.priority,
        requirements=Requirements(execution_mode=schedule.execution_mode),
        trigger=trigger,
        created_by=created_by,
        job_id=job_id,
        traceparent=traceparent,
    )
