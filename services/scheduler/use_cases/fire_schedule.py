"""Carry out what one due schedule owes: a job for each due time, then the next run."""

from enum import StrEnum
from typing import Final

import structlog

from services.scheduler.domain.errors import InvalidCron, InvalidTimezone
from services.scheduler.domain.misfire import RunPlan, plan_runs
from services.scheduler.domain.schedule import OverlapPolicy, Schedule, job_id_of
from services.scheduler.ports import Jobs, JobStates, RunnableWorkflow, Schedules, Workflows
from shared.events.scheduler import ScheduleDisabled, ScheduleFired
from shared.jobs import NewJob, Requirements
from shared.kernel.clock import Clock

_log: Final = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of one due time."""

    FIRED = "fired"
    """Its job exists."""
    SKIPPED = "skipped"
    """Passed without a job, as the overlap or misfire policy has it."""
    FAILED = "failed"
    """Its workflow is gone, or its rule is no longer valid."""
    TAKEN = "taken"
    """Another replica moved the schedule on first; what it did is no business of ours."""


class FireSchedule:
    """For each due time: first the job under the due time's own id, then the schedule by compare-and-set.

    Any number of replicas may do this at once: the id admits one job per due time, the guard one step of the schedule.
    One that dies in between leaves a schedule that is still due, whose job the next replica finds already there.
    """

    def __init__(
        self,
        schedules: Schedules,
        workflows: Workflows,
        jobs: Jobs,
        job_states: JobStates,
        clock: Clock,
        *,
        grace_ms: int,
    ) -> None:
        self._schedules = schedules
        self._workflows = workflows
        self._jobs = jobs
        self._job_states = job_states
        self._clock = clock
        self._grace_ms = grace_ms

    async def __call__(self, schedule: Schedule) -> list[Outcome]:
        """What became of each due time, in order. Raises `Unavailable`; the schedule is then still due."""
        plan = self._plan(schedule)
        if plan is None:
            return [await self._give_up(schedule)]
        if not plan.due_ms:
            return [await self._pass(schedule, plan.next_run_ms)]
        workflow = await self._workflows.get(schedule.tenant_id, schedule.workflow_id)
        outcomes = []
        for due_ms, following_ms in zip(plan.due_ms, (*plan.due_ms[1:], plan.next_run_ms), strict=True):
            outcome, schedule = await self._run(schedule, workflow, due_ms, following_ms)
            outcomes.append(outcome)
            if outcome is Outcome.TAKEN:
                break
        return outcomes

    def _plan(self, schedule: Schedule) -> RunPlan | None:
        """What is to run now; None when newer rules no longer know the expression or the time zone."""
        assert schedule.next_run_ms is not None
        try:
            return plan_runs(
                cron=schedule.cron,
                timezone=schedule.timezone,
                next_run_ms=schedule.next_run_ms,
                now_ms=self._clock.now_ms(),
                policy=schedule.misfire_policy,
                grace_ms=self._grace_ms,
            )
        except (InvalidCron, InvalidTimezone) as error:
            _log.error("schedule_rule_invalid", schedule_id=schedule.schedule_id, reason=error.detail)
            return None

    async def _run(
        self, schedule: Schedule, workflow: RunnableWorkflow | None, due_ms: int, next_run_ms: int | None
    ) -> tuple[Outcome, Schedule]:
        if workflow is None:
            _log.warning("schedule_workflow_missing", schedule_id=schedule.schedule_id)
            after = schedule.fail(due_ms, next_run_ms, self._clock.now_ms())
            return await self._save(schedule, after, Outcome.FAILED), after
        if await self._overlaps(schedule):
            _log.info("schedule_run_skipped", schedule_id=schedule.schedule_id, due_ms=due_ms)
            after = schedule.skip(due_ms, next_run_ms, self._clock.now_ms())
            return await self._save(schedule, after, Outcome.SKIPPED), after
        job = await self._jobs.submit(_job(schedule, workflow, due_ms))
        after = schedule.fire(due_ms, job.job_id, next_run_ms, self._clock.now_ms())
        return await self._save(schedule, after, Outcome.FIRED, _fired(after)), after

    async def _overlaps(self, schedule: Schedule) -> bool:
        """Whether the policy forbids a run now, because an earlier one has not finished.

        The job of the due time handled last counts too, even if this schedule does not name it: a replica that saw
        the run before it end may have created it while another skipped that due time.
        """
        if schedule.overlap_policy is OverlapPolicy.ALLOW or schedule.last_due_ms is None:
            return False
        earlier = {job_id_of(schedule.schedule_id, schedule.last_due_ms)}
        if schedule.last_job_id is not None:
            earlier.add(schedule.last_job_id)
        return await self._job_states.any_unfinished(schedule.tenant_id, sorted(earlier))

    async def _pass(self, schedule: Schedule, next_run_ms: int | None) -> Outcome:
        """Every due time was missed, and the policy is to let them go."""
        assert schedule.next_run_ms is not None
        after = schedule.skip(schedule.next_run_ms, next_run_ms, self._clock.now_ms())
        return await self._save(schedule, after, Outcome.SKIPPED)

    async def _give_up(self, schedule: Schedule) -> Outcome:
        """Disable what can never be due again, so that it is not met at every turn."""
        assert schedule.next_run_ms is not None
        now_ms = self._clock.now_ms()
        after = schedule.fail(schedule.next_run_ms, None, now_ms).disable(now_ms)
        event = ScheduleDisabled(
            schedule_id=schedule.schedule_id, schedule_name=schedule.name, workflow_id=schedule.workflow_id
        )
        return await self._save(schedule, after, Outcome.FAILED, event)

    async def _save(
        self,
        before: Schedule,
        after: Schedule,
        outcome: Outcome,
        event: ScheduleFired | ScheduleDisabled | None = None,
    ) -> Outcome:
        return outcome if await self._schedules.save(before, after, event) else Outcome.TAKEN


def _job(schedule: Schedule, workflow: RunnableWorkflow, due_ms: int) -> NewJob:
    return NewJob(
        tenant_id=schedule.tenant_id,
        workflow_id=schedule.workflow_id,
        workflow_name=workflow.name,
        workflow_version=workflow.version,
        definition_id=workflow.definition_id,
        priority=schedule.priority,
        requirements=Requirements(execution_mode=schedule.execution_mode),
        trigger="schedule",
        created_by=schedule.created_by,
        job_id=job_id_of(schedule.schedule_id, due_ms),
    )


def _fired(schedule: Schedule) -> ScheduleFired:
    assert schedule.last_job_id is not None
    assert schedule.last_due_ms is not None
    return ScheduleFired(
        schedule_id=schedule.schedule_id,
        schedule_name=schedule.name,
        workflow_id=schedule.workflow_id,
        next_run_ms=schedule.next_run_ms,
        job_id=schedule.last_job_id,
        due_ms=schedule.last_due_ms,
    )
