"""Routes about many jobs, and why one of them waits."""

from typing import Annotated

from fastapi import Query

from services.dispatcher.api.cursors import Cursor, from_cursor
from services.dispatcher.api.job_list_schemas import ExplainResponse, JobListResponse, explain_response, job_list
from services.dispatcher.api.parameters import JobId, PrintableId
from services.dispatcher.use_cases.explain_job import ExplainJob
from services.dispatcher.use_cases.list_jobs import ListJobs
from shared.jobs import JobStatus
from shared.jobs.history import JobQuery
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter


def build_job_list_router(find: ListJobs, explain: ExplainJob) -> ContractRouter:
    """The routes over their use cases."""
    router = ContractRouter(tag="jobs")

    @router.endpoint("GET", "/jobs", permission=Permission.READ, summary="List jobs", response_model=JobListResponse)
    async def list_jobs(
        caller: Caller,
        status: Annotated[JobStatus | None, Query(description="only jobs in this state")] = None,
        workflow_id: Annotated[PrintableId, Query(description="only jobs of this workflow")] = None,
        robot_id: Annotated[PrintableId, Query(description="only jobs that this robot holds or held last")] = None,
        environment: Annotated[PrintableId, Query(description="only jobs of this environment")] = None,
        limit: Annotated[int, Query(ge=1, le=500, description="jobs at the most")] = 100,
        cursor: Cursor = None,
    ) -> JobListResponse:
        """Jobs without their variables and results, newest first.

        Paging by `cursor` is stable: jobs submitted meanwhile neither repeat nor hide any. A cursor may be used with
        other filters.
        """
        query = JobQuery(
            caller.tenant_id,
            limit,
            status=status,
            workflow_id=workflow_id,
            robot_id=robot_id,
            environment=environment,
            before=from_cursor(cursor, caller.tenant_id),
        )
        return job_list(await find(query=query))

    @router.endpoint(
        "GET",
        "/jobs/{job_id}/explain",
        permission=Permission.READ,
        summary="Explain why a job is not running",
        response_model=ExplainResponse,
        errors=(404,),
    )
    async def explain_job(job_id: JobId, caller: Caller) -> ExplainResponse:
        """Why the job waits: its time has not come, no robot matches and what is missing, all that match are busy or
        away, or others come first. For a job that does not wait: who holds it, or how it ended."""
        return explain_response(await explain(caller=caller, job_id=job_id))

    return router
