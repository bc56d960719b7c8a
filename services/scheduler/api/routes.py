"""The scheduler's public routes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import Response

from services.scheduler.api.schemas import (
    CreateScheduleRequest,
    DeletedResponse,
    ScheduleResponse,
    TriggeredResponse,
    UpcomingResponse,
)
from services.scheduler.use_cases.create_schedule import CreateSchedule
from services.scheduler.use_cases.delete_schedule import DeleteSchedule
from services.scheduler.use_cases.disable_schedule import DisableSchedule
from services.scheduler.use_cases.enable_schedule import EnableSchedule
from services.scheduler.use_cases.get_schedule import GetSchedule
from services.scheduler.use_cases.list_schedules import ListSchedules
from services.scheduler.use_cases.list_upcoming import ListUpcoming
from services.scheduler.use_cases.trigger_schedule import TriggerSchedule
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses
from shared.web.traceparent import traceparent_of

ScheduleId = Annotated[str, Path(description="UUID of the schedule")]
OfWorkflow = Annotated[str | None, Query(description="schedules of this workflow")]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """What the routes call."""

    create: CreateSchedule
    list: ListSchedules
    upcoming: ListUpcoming
    get: GetSchedule
    enable: EnableSchedule
    disable: DisableSchedule
    delete: DeleteSchedule
    trigger: TriggerSchedule


def build_router(use_cases: UseCases, idempotent: IdempotentResponses) -> ContractRouter:
    """The contract's schedule routes."""
    router = ContractRouter(tag="schedules")
    _add_create(router, use_cases, idempotent)
    _add_lists(router, use_cases)
    _add_single(router, use_cases)
    _add_switches(router, use_cases)
    _add_trigger(router, use_cases, idempotent)
    return router


def _add_create(router: ContractRouter, use_cases: UseCases, idempotent: IdempotentResponses) -> None:
    @router.endpoint(
        "POST",
        "/schedules",
        permission=Permission.DEVELOP,
        summary="Create a schedule",
        response_model=ScheduleResponse,
        errors=(404, 409),
    )
    async def create_schedule(
        body: CreateScheduleRequest, request: Request, caller: Caller, key: IdempotencyKey = None
    ) -> Response:
        """Runs a workflow at the times a cron expression names: one job for each due time, from now on."""

        async def create(schedule_id: str) -> ScheduleResponse:
            schedule = await use_cases.create(
                tenant_id=caller.tenant_id,
                created_by=caller.subject,
                schedule_id=schedule_id,
                new=body.new_schedule(),
            )
            return ScheduleResponse.of(schedule)

        return await idempotent.run(key, request, caller, create)


def _add_lists(router: ContractRouter, use_cases: UseCases) -> None:
    @router.endpoint("GET", "/schedules", permission=Permission.READ, summary="List schedules")
    async def list_schedules(
        caller: Caller,
        workflow_id: OfWorkflow = None,
        enabled: Annotated[bool | None, Query(description="enabled or disabled ones only")] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="how many schedules at most")] = 100,
    ) -> list[ScheduleResponse]:
        """The tenant's schedules, oldest first, enabled or not."""
        found = await use_cases.list(tenant_id=caller.tenant_id, workflow_id=workflow_id, enabled=enabled, limit=limit)
        return [ScheduleResponse.of(schedule) for schedule in found]

    @router.endpoint("GET", "/schedules/upcoming", permission=Permission.READ, summary="Upcoming runs")
    async def list_upcoming(
        caller: Caller,
        workflow_id: OfWorkflow = None,
        limit: Annotated[int, Query(ge=1, le=100, description="how many runs at most")] = 20,
    ) -> list[UpcomingResponse]:
        """Enabled schedules by their next run, the soonest first."""
        found = await use_cases.upcoming(tenant_id=caller.tenant_id, workflow_id=workflow_id, limit=limit)
        return [UpcomingResponse.of(schedule) for schedule in found]


def _add_single(router: ContractRouter, use_cases: UseCases) -> None:
    @router.endpoint(
        "GET", "/schedules/{schedule_id}", permission=Permission.READ, summary="Get a schedule", errors=(404,)
    )
    async def get_schedule(schedule_id: ScheduleId, caller: Caller) -> ScheduleResponse:
        """The schedule with its next and last run."""
        return ScheduleResponse.of(await use_cases.get(tenant_id=caller.tenant_id, schedule_id=schedule_id))

    @router.endpoint(
        "DELETE",
        "/schedules/{schedule_id}",
        permission=Permission.DEVELOP,
        summary="Delete a schedule",
        errors=(404, 409),
    )
    async def delete_schedule(schedule_id: ScheduleId, caller: Caller) -> DeletedResponse:
        """Nothing becomes due any more; jobs that exist go on. Deleting it again finds nothing: 404."""
        return DeletedResponse.of(await use_cases.delete(tenant_id=caller.tenant_id, schedule_id=schedule_id))


def _add_switches(router: ContractRouter, use_cases: UseCases) -> None:
    @router.endpoint(
        "PUT",
        "/schedules/{schedule_id}/enable",
        permission=Permission.OPERATE,
        summary="Enable a schedule",
        errors=(404, 409),
    )
    async def enable_schedule(schedule_id: ScheduleId, caller: Caller) -> ScheduleResponse:
        """Lets the schedule fire from now on; what was due while it was disabled stays undone.

        `next_run` is the next due time from now. Doing it again is no error and changes nothing.
        """
        return ScheduleResponse.of(await use_cases.enable(tenant_id=caller.tenant_id, schedule_id=schedule_id))

    @router.endpoint(
        "PUT",
        "/schedules/{schedule_id}/disable",
        permission=Permission.OPERATE,
        summary="Disable a schedule",
        errors=(404, 409),
    )
    async def disable_schedule(schedule_id: ScheduleId, caller: Caller) -> ScheduleResponse:
        """Stops the schedule from firing; its jobs go on. Doing it again is no error and changes nothing."""
        return ScheduleResponse.of(await use_cases.disable(tenant_id=caller.tenant_id, schedule_id=schedule_id))


def _add_trigger(router: ContractRouter, use_cases: UseCases, idempotent: IdempotentResponses) -> None:
    @router.endpoint(
        "PUT",
        "/schedules/{schedule_id}/trigger",
        permission=Permission.OPERATE,
        summary="Run a schedule now",
        response_model=TriggeredResponse,
        errors=(404, 409),
    )
    async def trigger_schedule(
        schedule_id: ScheduleId, request: Request, caller: Caller, key: IdempotencyKey = None
    ) -> Response:
        """Creates a job of the workflow's current version at once.

        A disabled schedule runs too, and one whose earlier job has not finished. The run counts in `run_count` and
        `last_run`; `next_run` stays. 409 `WORKFLOW_GONE` when the workflow has been deleted.
        """

        async def trigger(run_id: str) -> TriggeredResponse:
            job = await use_cases.trigger(
                tenant_id=caller.tenant_id,
                schedule_id=schedule_id,
                triggered_by=caller.subject,
                run_id=run_id,
                traceparent=traceparent_of(request),
            )
            return TriggeredResponse.of(schedule_id, job.job_id)

        return await idempotent.run(key, request, caller, trigger)
