"""The metrics routes: the contract's "Metrics Endpoints"."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import StringConstraints
from starlette.responses import PlainTextResponse, Response

from services.metrics.api.activity_schemas import ActivityBody, activity_body
from services.metrics.api.analytics_schemas import AnalyticsBody, analytics_body
from services.metrics.api.fleet_schemas import FleetBody, RobotBody, fleet_body, robot_body
from services.metrics.api.job_schemas import JobBody, JobDetailBody, job_body, job_detail_body
from services.metrics.api.prometheus import exposition
from services.metrics.api.rebuild_schemas import RebuildBody, rebuild_body
from services.metrics.api.timestamps import since_ms_of
from services.metrics.domain.activity import public_event_type
from services.metrics.domain.analytics import MAX_DAYS
from services.metrics.domain.fleet import RobotNotFound
from services.metrics.ports import ActivityQuery
from services.metrics.use_cases.analyze_jobs import AnalyzeJobs
from services.metrics.use_cases.list_activity import ListActivity
from services.metrics.use_cases.list_jobs import ListJobs
from services.metrics.use_cases.measure_installation import MeasureInstallation
from services.metrics.use_cases.request_rebuild import RequestRebuild
from services.metrics.use_cases.show_job import ShowJob
from services.metrics.use_cases.show_rebuild import ShowRebuild
from services.metrics.use_cases.show_robots import ShowRobots
from services.metrics.use_cases.summarize_fleet import SummarizeFleet
from shared.jobs import JobStatus
from shared.jobs.fleet import RobotStatus
from shared.jobs.history import JobQuery
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter

PrintableId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
EventType = Annotated[
    str | None,
    Query(
        min_length=1, max_length=64, pattern=r"^[a-z0-9_.]+$", description="events of this type, such as job_completed"
    ),
]
Timestamp = Annotated[
    str | None, Query(max_length=64, description="events after this ISO 8601 timestamp; UTC unless it names a zone")
]
Label = Annotated[
    str, Query(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$", description="the figures' label")
]
OfStatus = Annotated[RobotStatus | None, Query(description="robots in this status now")]
RobotId = Annotated[str, Path(description="the robot's id")]
JobId = Annotated[str, Path(description="the job's id")]


@dataclass(frozen=True, slots=True)
class MetricsUseCases:
    """What the routes call."""

    fleet: SummarizeFleet
    robots: ShowRobots
    list_jobs: ListJobs
    show_job: ShowJob
    analyze: AnalyzeJobs
    request_rebuild: RequestRebuild
    show_rebuild: ShowRebuild
    activity: ListActivity
    measure: MeasureInstallation


def build_router(use: MetricsUseCases) -> ContractRouter:
    """The metrics routes over their use cases."""
    router = ContractRouter(tag="metrics")
    _add_fleet(router, use)
    _add_jobs(router, use)
    _add_analytics(router, use)
    _add_activity(router, use)
    _add_prometheus(router, use)
    _add_rebuild(router, use)
    return router


def _add_fleet(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint(
        "GET", "/metrics/fleet", summary="Figures of the fleet", permission=Permission.READ, response_model=FleetBody
    )
    async def fleet_metrics(caller: Caller) -> FleetBody:
        """Fleet-wide figures, at most a second old."""
        return fleet_body(await use.fleet(tenant_id=caller.tenant_id))

    @router.endpoint(
        "GET",
        "/metrics/robots",
        summary="Figures of all robots",
        permission=Permission.READ,
        response_model=list[RobotBody],
    )
    async def robots_metrics(caller: Caller, status: OfStatus = None) -> list[RobotBody]:
        """All robots, or those in one status, with their jobs of the day."""
        reports = await use.robots.all(tenant_id=caller.tenant_id, status=status)
        return [robot_body(report) for report in reports]

    @router.endpoint(
        "GET",
        "/metrics/robots/{robot_id}",
        summary="Figures of one robot",
        permission=Permission.ROBOT_OR_READ,
        response_model=RobotBody,
        errors=(404,),
    )
    async def robot_metrics(robot_id: RobotId, caller: Caller) -> RobotBody:
        """One robot with its jobs of the day. 404 tells a robot that it has to register (beyond.md)."""
        if not caller.may_act_for(robot_id):
            raise RobotNotFound(f"There is no robot '{robot_id}'.")
        return robot_body(await use.robots.one(tenant_id=caller.tenant_id, robot_id=robot_id))


def _add_jobs(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint(
        "GET",
        "/metrics/jobs",
        summary="The execution history",
        permission=Permission.READ,
        response_model=list[JobBody],
    )
    async def jobs_metrics(
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=500, description="how many jobs at most")] = 50,
        status: Annotated[JobStatus | None, Query(description="jobs in this state now")] = None,
        workflow_id: Annotated[PrintableId | None, Query(description="jobs of this workflow")] = None,
        robot_id: Annotated[PrintableId | None, Query(description="jobs that this robot ran last")] = None,
    ) -> list[JobBody]:
        """The execution history, newest first."""
        query = JobQuery(caller.tenant_id, limit, status, workflow_id, robot_id)
        return [job_body(job) for job in await use.list_jobs(query=query)]

    @router.endpoint(
        "GET",
        "/metrics/jobs/{job_id}",
        summary="One job's execution",
        permission=Permission.READ,
        response_model=JobDetailBody,
        errors=(404,),
    )
    async def job_metrics(job_id: JobId, caller: Caller) -> JobDetailBody:
        """One job's execution with what its nodes did."""
        return job_detail_body(await use.show_job(tenant_id=caller.tenant_id, job_id=job_id))


def _add_analytics(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint(
        "GET",
        "/metrics/analytics",
        permission=Permission.READ,
        summary="How the jobs of the last days went",
        response_model=AnalyticsBody,
    )
    async def analytics(
        caller: Caller,
        days: Annotated[int, Query(ge=1, le=MAX_DAYS, description="how many UTC days, of which today is the last")] = 7,
    ) -> AnalyticsBody:
        """Figures of the jobs that ended today (UTC) or on one of the `days - 1` days before it.

        Rates count jobs that completed, failed or timed out; a cancelled job is no success and no failure. Durations
        run from a job's last claim to its end. Percentiles are within 2 % of the exact ones (nearest rank). Without
        jobs, all figures are 0. A job shows a moment after its end, and the answer may be a second old.
        """
        return analytics_body(days, await use.analyze(tenant_id=caller.tenant_id, n_days=days))


def _add_activity(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint(
        "GET", "/metrics/activity", summary="Recent events", permission=Permission.READ, response_model=ActivityBody
    )
    async def activity(
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=200, description="how many events at most")] = 50,
        since: Timestamp = None,
        event_type: EventType = None,
    ) -> ActivityBody:
        """Recent events, newest first; `total` counts all that match, beyond the limit too."""
        wanted = None if event_type is None else public_event_type(event_type)
        query = ActivityQuery(caller.tenant_id, limit, since_ms_of(since), wanted)
        return activity_body(await use.activity(query=query))


def _add_prometheus(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint(
        "GET",
        "/metrics/prometheus",
        summary="Figures for Prometheus",
        permission=Permission.PUBLIC,
        response_class=PlainTextResponse,
    )
    async def prometheus_metrics(environment: Label = "development") -> Response:
        """Figures of the whole installation for Prometheus; `environment` becomes their label."""
        text = exposition(await use.measure(), environment)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _add_rebuild(router: ContractRouter, use: MetricsUseCases) -> None:
    @router.endpoint(
        "POST",
        "/metrics/rebuild",
        permission=Permission.ADMINISTER,
        summary="Count all finished jobs again",
        status_code=202,
        response_model=RebuildBody,
    )
    async def request_rebuild(caller: Caller) -> RebuildBody:
        """Begin to correct all figures, of every tenant, from the jobs that are stored. Nothing is lost or shown
        twice meanwhile; jobs that end while it runs are counted once it is done. If one runs already, it is answered.
        It concerns every tenant: only administrators of the tenant `default` may ask for it.
        """
        caller.require_installation_admin()
        return rebuild_body(await use.request_rebuild(tenant_id=caller.tenant_id))

    @router.endpoint(
        "GET",
        "/metrics/rebuild",
        permission=Permission.ADMINISTER,
        summary="How far the latest rebuild is",
        response_model=RebuildBody,
        errors=(404,),
    )
    async def show_rebuild(caller: Caller) -> RebuildBody:
        """The rebuild that runs, or the last one that did; 404 when there never was one. For who may ask for one."""
        caller.require_installation_admin()
        return rebuild_body(await use.show_rebuild())
