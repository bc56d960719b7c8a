"""Carry out what one due schedule owes: a job for each due time, then the next run."""

from enum import StrEnum
from typing import Final

import structlog

from services.scheduler.domain.errors import InvalidCron, InvalidTimezone
from services.scheduler.domain.misfire import RunPlan, plan_runs
from services.scheduler.domain.schedule import OverlapPolicy, Schedule, job_id_of
from services.scheduler.ports import Jobs, JobStates, RunnableWorkflow, Schedules, Workflows
from services.scheduler.use_cases.new_job import new_job
from shared.events.scheduler import ScheduleDisabled, ScheduleFired
from shared.kernel.clock import Clock

TRIES: Final = 10
"""A schedule that changes so often in a row while one run of it is counted does not happen."""

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
    """Another replica handled it first, or a user deleted or disabled the schedule before anything was done."""


class FireSchedule:
    """For each due time: first the job under the due time's own id, then the schedule by compare-and-set.

    Any number of replicas may do this at once: the id admits one job per due time, the guard one step of the schedule.
    One that dies in between leaves a schedule that is still due, whose job the next replica finds already there.

    A workflow that is gone stays gone. Its schedule counts one failure and is disabled: one that was created while its
    workflow was deleted would otherwise fail for ever.
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
        try:
            plan = self._plan(schedule)
        except (InvalidCron, InvalidTimezone) as error:  # newer rules no longer know the expression or the zone
            return [await self._give_up(schedule, error.detail)]
        if not plan.due_ms:
            return [await self._pass(schedule, plan.next_run_ms)]
        workflow = await self._workflows.get(schedule.tenant_id, schedule.workflow_id)
        if workflow is None:
            return [await self._give_up(schedule, "its workflow is deleted")]
        return await self._run_all(schedule, workflow, plan)

    def _plan(self, schedule: Schedule) -> RunPlan:
        assert schedule.next_run_ms is not None
        return plan_runs(
            cron=schedule.cron,
            timezone=schedule.timezone,
            next_run_ms=schedule.next_run_ms,
            now_ms=self._clock.now_ms(),
            policy=schedule.misfire_policy,
            grace_ms=self._grace_ms,
        )

    async def _run_all(self, schedule: Schedule, workflow: RunnableWorkflow, plan: RunPlan) -> list[Outcome]:
        """The planned due times in order, until the schedule is no longer what the plan was made for."""
        outcomes = []
        for due_ms, following_ms in zip(plan.due_ms, (*plan.due_ms[1:], plan.next_run_ms), strict=True):
            outcome, schedule = await self._run(schedule, workflow, due_ms, following_ms)
            outcomes.append(outcome)
            if outcome is Outcome.TAKEN or schedule.next_run_ms != following_ms:
                break
        return outcomes

    async def _run(
        self, schedule: Schedule, workflow: RunnableWorkflow, due_ms: int, next_run_ms: int | None
    ) -> tuple[Outcome, Schedule]:
        if await self._overlaps(schedule):
            _log.info("schedule_run_skipped", schedule_id=schedule.schedule_id, due_ms=due_ms)
            after = schedule.skip(due_ms, next_run_ms, self._clock.now_ms())
            return await self._save(schedule, after, Outcome.SKIPPED), after
        job_id = job_id_of(schedule.schedule_id, due_ms)
        await self._jobs.submit(
            new_job(schedule, workflow, job_id=job_id, trigger="schedule", created_by=schedule.created_by)
        )
        return await self._count(schedule, due_ms, job_id, next_run_ms)

    async def _count(
        self, schedule: Schedule, due_ms: int, job_id: str, next_run_ms: int | None
    ) -> tuple[Outcome, Schedule]:
        """Note the run, and move on to `next_run_ms` unless a user has decided otherwise meanwhile.

        A user may have disabled, enabled or triggered the schedule since it was read. The job exists and counts all the
        same; only what another replica has counted already is left alone.
        """
        for _ in range(TRIES):
            following_ms = next_run_ms if schedule.is_due_at(due_ms) else schedule.next_run_ms
            after = schedule.fire(due_ms, job_id, following_ms, self._clock.now_ms())
            if await self._schedules.save(schedule, after, _fired(after)):
                return Outcome.FIRED, after
            present = await self._schedules.get(schedule.tenant_id, schedule.schedule_id)
            if present is None or present.has_handled(due_ms):
                return Outcome.TAKEN, schedule
            schedule = present
        _log.warning("schedule_run_not_counted", schedule_id=schedule.schedule_id, job_id=job_id)
        return Outcome.TAKEN, schedule

    async def _overlaps(self, schedule: Schedule) -> bool:
        """Whether the policy forbids a run now, because an earlier one has not finished."""
        if schedule.overlap_policy is OverlapPolicy.ALLOW:
            return False
        return await self._job_states.any_unfinished(schedule.tenant_id, sorted(schedule.earlier_job_ids))

    async def _pass(self, schedule: Schedule, next_run_ms: int | None) -> Outcome:
        """Every due time was missed, and the policy is to let them go."""
        assert schedule.next_run_ms is not None
        after = schedule.skip(schedule.next_run_ms, next_run_ms, self._clock.now_ms())
        return await self._save(schedule, after, Outcome.SKIPPED)

    async def _give_up(self, schedule: Schedule, reason: str) -> Outcome:
        """Disable what can never run again, so that it is not met at every turn."""
        assert schedule.next_run_ms is not None
        _log.warning("schedule_given_up", schedule_id=schedule.schedule_id, reason=reason)
        now_ms = self._clock.now_ms()
        after = schedule.fail(schedule.next_run_ms, None, now_ms).disable(now_ms)
        event = ScheduleDisabled(
            schedule_id=schedule.schedule_id,
            schedule_name=schedule.name,
            workflow_id=schedule.workflow_id,
            reason=reason,
        )
        return await self._save(schedule, after, Outcome.FAILED, event)

    async def _save(
        self,
        before: Schedule,
        after: Schedule,
        outcome: Outcome,
        event: ScheduleDisabled | None = None,
    ) -> Outcome:
        return outcome if await self._schedules.save(before, after, event) else Outcome.TAKEN


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
