"""The scheduler's routes for other services; the gateway never relays them."""

from services.scheduler.api.schemas import (
    DeletedCountResponse,
    InternalScheduleRequest,
    PreviewRequest,
    PreviewResponse,
    ScheduleResponse,
)
from services.scheduler.domain.identifiers import parse_uuid
from services.scheduler.use_cases.create_schedule import CreateSchedule
from services.scheduler.use_cases.delete_schedules_of_workflow import DeleteSchedulesOfWorkflow
from services.scheduler.use_cases.preview_schedule import PreviewSchedule
from shared.kernel.clock import to_optional_datetime
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter


def build_internal_router(
    create: CreateSchedule, preview: PreviewSchedule, delete_of_workflow: DeleteSchedulesOfWorkflow
) -> ContractRouter:
    """What the workflows service calls; the tenant is the one its token names."""
    router = ContractRouter(tag="internal", prefix="/internal")

    @router.endpoint(
        "POST",
        "/schedules",
        permission=Permission.INTERNAL,
        summary="Create a schedule under a fixed id",
        errors=(404, 409),
    )
    async def create_schedule(body: InternalScheduleRequest, caller: Caller) -> ScheduleResponse:
        """The schedule; one that has this id already is returned as it is."""
        schedule = await create(
            tenant_id=caller.tenant_id,
            created_by=body.created_by,
            schedule_id=parse_uuid("schedule_id", body.schedule_id),
            new=body.new_schedule(),
        )
        return ScheduleResponse.of(schedule)

    @router.endpoint("POST", "/schedules/preview", permission=Permission.INTERNAL, summary="Check a cron expression")
    async def preview_schedule(body: PreviewRequest) -> PreviewResponse:
        """When a schedule made now would run first; 400 when the expression is not valid."""
        next_run_ms = preview(cron=body.cron_expression, timezone=body.timezone)
        return PreviewResponse(next_run=to_optional_datetime(next_run_ms))

    @router.endpoint(
        "DELETE",
        "/workflows/{workflow_id}/schedules",
        permission=Permission.INTERNAL,
        summary="Delete a workflow's schedules",
        errors=(409,),
    )
    async def delete_schedules(workflow_id: str, caller: Caller) -> DeletedCountResponse:
        """How many this call deleted; none when there are none, or the workflow is unknown."""
        return DeletedCountResponse(
            deleted=await delete_of_workflow(tenant_id=caller.tenant_id, workflow_id=workflow_id)
        )

    return router
