"""The scheduler, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI

from services.scheduler.adapters.alarm import ApschedulerAlarm
from services.scheduler.adapters.job_reader import MongoJobReader
from services.scheduler.adapters.schedule_store import SCHEDULE_INDEXES, SCHEDULES, MongoSchedules
from services.scheduler.adapters.workflow_reader import MongoWorkflowReader
from services.scheduler.api.internal_routes import build_internal_router
from services.scheduler.api.routes import UseCases, build_router
from services.scheduler.background import Firing, duties
from services.scheduler.consumers import attach_consumers
from services.scheduler.settings import SchedulerSettings
from services.scheduler.use_cases.change_schedule import ChangeSchedule
from services.scheduler.use_cases.create_schedule import CreateSchedule
from services.scheduler.use_cases.delete_schedule import DeleteSchedule
from services.scheduler.use_cases.delete_schedules_of_workflow import DeleteSchedulesOfWorkflow
from services.scheduler.use_cases.disable_schedule import DisableSchedule
from services.scheduler.use_cases.enable_schedule import EnableSchedule
from services.scheduler.use_cases.fire_due_schedules import FireDueSchedules
from services.scheduler.use_cases.fire_schedule import FireSchedule
from services.scheduler.use_cases.get_schedule import GetSchedule
from services.scheduler.use_cases.list_schedules import ListSchedules
from services.scheduler.use_cases.list_upcoming import ListUpcoming
from services.scheduler.use_cases.preview_schedule import PreviewSchedule
from services.scheduler.use_cases.remove_deleted_schedules import RemoveDeletedSchedules
from services.scheduler.use_cases.trigger_schedule import TriggerSchedule
from shared.jobs import JOBS, JobSubmitter
from shared.kernel.clock import Clock
from shared.storage import Collection
from shared.web import create_service_app
from shared.web.idempotency import IDEMPOTENCY_INDEXES, IDEMPOTENCY_KEYS, IdempotentResponses
from shared.web.indexes import ensure_indexes_duty
from shared.web.periodic import running
from shared.web.runtime import Runtime

INDEXES: Final = {SCHEDULES: SCHEDULE_INDEXES, IDEMPOTENCY_KEYS: IDEMPOTENCY_INDEXES}
OUTBOX_COLLECTIONS: Final = (SCHEDULES, JOBS)
"""Where this service writes events; its process's relay sweeps them."""
_MS_PER_SECOND: Final = 1_000


@dataclass(frozen=True, slots=True)
class FiringParts:
    """What fires: the pass over due schedules, the pass that also sets the alarm, and the alarm; and their stores."""

    schedules: MongoSchedules
    workflows: MongoWorkflowReader
    submitter: JobSubmitter
    fire_due: FireDueSchedules
    firing: Firing
    alarm: ApschedulerAlarm


def wire_firing(settings: SchedulerSettings, runtime: Runtime) -> FiringParts:
    """The half of the service that acts by itself."""
    schedules = MongoSchedules(runtime.store, runtime.relay, runtime.new_id)
    workflows = MongoWorkflowReader(runtime.store)
    jobs = Collection(runtime.store, JOBS)
    submitter = JobSubmitter(jobs, runtime.relay, runtime.clock, runtime.new_id)
    fire = FireSchedule(
        schedules,
        workflows,
        submitter,
        MongoJobReader(jobs),
        runtime.clock,
        grace_ms=settings.scheduler_misfire_grace_seconds * _MS_PER_SECOND,
    )
    fire_due = FireDueSchedules(schedules, fire, runtime.clock, batch=settings.scheduler_batch)
    alarm = ApschedulerAlarm(runtime.clock)
    firing = Firing(fire_due, schedules, alarm, runtime.clock, runtime.registry)
    return FiringParts(schedules, workflows, submitter, fire_due, firing, alarm)


def create_app(settings: SchedulerSettings, runtime: Runtime) -> FastAPI:
    """The service's application; its lifespan fires schedules."""
    parts = wire_firing(settings, runtime)
    idempotent = IdempotentResponses(runtime.store, runtime.clock, runtime.new_id)
    use_cases = _use_cases(parts, runtime.clock)
    delete_of_workflow = DeleteSchedulesOfWorkflow(parts.schedules, use_cases.delete)
    remove_deleted = RemoveDeletedSchedules(parts.schedules, runtime.clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await attach_consumers(runtime.bus, delete_of_workflow)
        parts.alarm.start(parts.firing)
        indexes = ensure_indexes_duty(runtime.store, INDEXES)
        timed = duties(parts.firing, settings.scheduler_poll_seconds, idempotent, remove_deleted)
        try:
            async with running((indexes, *timed), runtime.registry):
                yield
        finally:
            parts.alarm.stop()

    app = create_service_app(
        name="scheduler",
        title="Casare scheduler",
        registry=runtime.registry,
        tokens=runtime.tokens,
        checks={"store": runtime.store.ping, "events": runtime.bus.check},
        lifespan=lifespan,
    )
    app.include_router(build_router(use_cases, idempotent))
    app.include_router(build_internal_router(use_cases.create, PreviewSchedule(runtime.clock), delete_of_workflow))
    return app


def _use_cases(parts: FiringParts, clock: Clock) -> UseCases:
    schedules, workflows, alarm = parts.schedules, parts.workflows, parts.alarm
    get, change = GetSchedule(schedules), ChangeSchedule(schedules)
    return UseCases(
        create=CreateSchedule(schedules, workflows, alarm, clock),
        list=ListSchedules(schedules),
        upcoming=ListUpcoming(schedules),
        get=get,
        enable=EnableSchedule(change, alarm, clock),
        disable=DisableSchedule(change, clock),
        delete=DeleteSchedule(change, clock),
        trigger=TriggerSchedule(get, workflows, parts.submitter, change, clock),
    )
