"""The metrics routes: the contract's "Metrics Endpoints"."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import PlainTextResponse, Response

from services.metrics.api.prometheus import exposition
from services.metrics.api.schemas import (
    ActivityBody,
    FleetBody,
    JobBody,
    JobDetailBody,
    RobotBody,
    activity_body,
    fleet_body,
    job_body,
    job_detail_body,
    robot_body,
)
from services.metrics.api.timestamps import since_ms_of
from services.metrics.domain.activity import public_event_type
from services.metrics.domain.fleet import RobotNotFound
from services.metrics.ports import ActivityQuery
from services.metrics.use_cases.list_activity import ListActivity
from services.metrics.use_cases.list_jobs import ListJobs
from services.metrics.use_cases.measure_installation import MeasureInstallation
from services.metrics.use_cases.show_job import ShowJob
from services.metrics.use_cases.show_robots import ShowRobots
from services.metrics.use_cases.summarize_fleet import SummarizeFleet
from shared.jobs import JobStatus
from shared.jobs.fleet import RobotStatus
from shared.jobs.history import JobQuery
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter

PrintableId = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
EventType = Annotated[str | None, Query(min_length=1, max_length=64, pattern=r"^[a-z0-9_.]+$")]
Timestamp = Annotated[str | None, Query(max_length=64)]
Label = Annotated[str, Query(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]


@dataclass(frozen=True, slots=True)
class MetricsUseCases:
    """What the routes call."""

    fleet: SummarizeFleet
    robots: ShowRobots
    list_jobs: ListJobs
    show_job: ShowJob
    activity: ListActivity
    measure: MeasureInstallation


def build_router(use: MetricsUseCases) -> ContractRouter:
    """The metrics routes over their use cases."""
    router = ContractRouter(tag="metrics")
    _add_fleet(router, use)
    _add_jobs(router, use)
    _add_activity(router, use)
    _add_prometheus(router, use)
    return router


def _add_fleet(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint("GET", "/metrics/fleet", permission=Permission.READ, response_model=FleetBody)
    async def fleet_metrics(caller: Caller) -> FleetBody:
        """Fleet-wide figures, at most a second old."""
        return fleet_body(await use.fleet(tenant_id=caller.tenant_id))

    @router.endpoint("GET", "/metrics/robots", permission=Permission.READ, response_model=list[RobotBody])
    async def robots_metrics(caller: Caller, status: RobotStatus | None = None) -> list[RobotBody]:
        """All robots, or those in one status, with their jobs of the day."""
        reports = await use.robots.all(tenant_id=caller.tenant_id, status=status)
        return [robot_body(report) for report in reports]

    @router.endpoint(
        "GET",
        "/metrics/robots/{robot_id}",
        permission=Permission.ROBOT_OR_READ,
        response_model=RobotBody,
        errors=(404,),
    )
    async def robot_metrics(robot_id: str, caller: Caller) -> RobotBody:
        """One robot with its jobs of the day. 404 tells a robot that it has to register (beyond.md)."""
        if not caller.may_act_for(robot_id):
            raise RobotNotFound(f"There is no robot '{robot_id}'.")
        return robot_body(await use.robots.one(tenant_id=caller.tenant_id, robot_id=robot_id))


def _add_jobs(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint("GET", "/metrics/jobs", permission=Permission.READ, response_model=list[JobBody])
    async def jobs_metrics(
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        status: JobStatus | None = None,
        workflow_id: PrintableId = None,
        robot_id: PrintableId = None,
    ) -> list[JobBody]:
        """The execution history, newest first."""
        query = JobQuery(caller.tenant_id, limit, status, workflow_id, robot_id)
        return [job_body(job) for job in await use.list_jobs(query=query)]

    @router.endpoint(
        "GET",
        "/metrics/jobs/{job_id}",
        permission=Permission.READ,
        response_model=JobDetailBody,
        errors=(404,),
    )
    async def job_metrics(job_id: str, caller: Caller) -> JobDetailBody:
        """One job's execution with what its nodes did."""
        return job_detail_body(await use.show_job(tenant_id=caller.tenant_id, job_id=job_id))


def _add_activity(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint("GET", "/metrics/activity", permission=Permission.READ, response_model=ActivityBody)
    async def activity(
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        since: Timestamp = None,
        event_type: EventType = None,
    ) -> ActivityBody:
        """Recent events, newest first; `total` counts all that match, beyond the limit too."""
        wanted = None if event_type is None else public_event_type(event_type)
        query = ActivityQuery(caller.tenant_id, limit, since_ms_of(since), wanted)
        return activity_body(await use.activity(query=query))


def _add_prometheus(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint("GET", "/metrics/prometheus", permission=Permission.PUBLIC, response_class=PlainTextResponse)
    async def prometheus_metrics(environment: Label = "development") -> Response:
        """Figures of the whole installation for Prometheus; `environment` becomes their label."""
        text = exposition(await use.measure(), environment)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
