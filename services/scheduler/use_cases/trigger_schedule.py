"""Run a schedule's workflow now, beside its due times."""

from typing import Final

import structlog

from services.scheduler.domain.manual_run import is_job_of_run, manual_job_id, manual_traceparent
from services.scheduler.domain.schedule import Schedule, ScheduleBusy, ScheduleNotFound, WorkflowGone
from services.scheduler.ports import Jobs, RunnableWorkflow, Workflows
from services.scheduler.use_cases.change_schedule import ChangeSchedule
from services.scheduler.use_cases.get_schedule import GetSchedule
from services.scheduler.use_cases.new_job import new_job
from shared.events.scheduler import ScheduleTriggered
from shared.jobs import Job
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable

TRIES: Final = 10
"""Finding so many ids taken in a row does not happen."""

_log: Final = structlog.get_logger(__name__)


class TriggerSchedule:
    """First the job, then the schedule's counters: what was answered runs, whatever becomes of the counters.

    Repeating it under one run id finds the first job. A process that dies in between leaves a run that the schedule
    does not count, until it is repeated.
    """

    def __init__(
        self, get: GetSchedule, workflows: Workflows, jobs: Jobs, change: ChangeSchedule, clock: Clock
    ) -> None:
        self._get = get
        self._workflows = workflows
        self._jobs = jobs
        self._change = change
        self._clock = clock

    async def __call__(
        self, *, tenant_id: str, schedule_id: str, triggered_by: str, run_id: str, traceparent: str | None = None
    ) -> Job:
        """The run's job. A disabled schedule runs too, and whatever its overlap policy says: a person decided.

        Raises `Invalid`, `ScheduleNotFound`, `WorkflowGone`, `Unavailable`.
        """
        schedule = await self._get(tenant_id=tenant_id, schedule_id=schedule_id)
        workflow = await self._workflows.get(tenant_id, schedule.workflow_id)
        if workflow is None:
            raise WorkflowGone(f"The workflow {schedule.workflow_id} of this schedule is deleted.")
        job = await self._submit(schedule, workflow, triggered_by, run_id, manual_traceparent(run_id, traceparent))
        await self._count(schedule, job.job_id)
        return job

    async def _submit(
        self, schedule: Schedule, workflow: RunnableWorkflow, triggered_by: str, run_id: str, traceparent: str
    ) -> Job:
        for attempt in range(TRIES):
            job = await self._jobs.submit(
                new_job(
                    schedule,
                    workflow,
                    job_id=manual_job_id(schedule.schedule_id, run_id, attempt),
                    trigger="manual",
                    created_by=triggered_by,
                    traceparent=traceparent,
                )
            )
            if is_job_of_run(job.traceparent, run_id):
                return job
        raise Unavailable("No id was free for the job; try again.")

    async def _count(self, schedule: Schedule, job_id: str) -> None:
        """Note the run in the schedule. The job exists: a caller told otherwise would ask for a second one."""

        def counted(present: Schedule) -> Schedule:
            if present.last_manual_job_id == job_id:  # an earlier call under this run id came this far
                return present
            return present.run_by_hand(job_id, self._clock.now_ms())

        try:
            await self._change(
                tenant_id=schedule.tenant_id, schedule_id=schedule.schedule_id, change=counted, event=_event
            )
        except (ScheduleNotFound, ScheduleBusy, Unavailable) as error:
            _log.warning("manual_run_not_counted", schedule_id=schedule.schedule_id, job_id=job_id, reason=error.detail)


def _event(schedule: Schedule) -> ScheduleTriggered:
    assert schedule.last_manual_job_id is not None
    return ScheduleTriggered(
        schedule_id=schedule.schedule_id,
        schedule_name=schedule.name,
        workflow_id=schedule.workflow_id,
        next_run_ms=schedule.next_run_ms,
        job_id=schedule.last_manual_job_id,
    )
