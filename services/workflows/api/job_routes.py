"""Submitting jobs of stored workflows; all else about jobs is the dispatcher's."""

from fastapi import Request
from starlette.responses import Response

from services.workflows.api.job_schemas import (
    RunBatchRequest,
    RunRequest,
    SubmittedBatchResponse,
    SubmittedJobResponse,
)
from services.workflows.use_cases.run_batch import RunBatch
from services.workflows.use_cases.run_workflow import RunWorkflow
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses
from shared.web.traceparent import traceparent_of


def build_job_router(run: RunWorkflow, run_batch: RunBatch, idempotent: IdempotentResponses) -> ContractRouter:
    """`POST /jobs` and `POST /jobs/batch` (beyond.md, "Also needed")."""
    router = ContractRouter(tag="jobs")

    @router.endpoint(
        "POST",
        "/jobs",
        permission=Permission.OPERATE,
        summary="Run a workflow",
        response_model=SubmittedJobResponse,
        errors=(404, 409, 413),
    )
    async def run_workflow(body: RunRequest, request: Request, caller: Caller, key: IdempotencyKey = None) -> Response:
        """Queues one job of a stored workflow, for now or for later."""

        async def create(job_id: str) -> SubmittedJobResponse:
            job = await run(caller=caller, job_id=job_id, wanted=body.wanted(), traceparent=traceparent_of(request))
            return SubmittedJobResponse.of(job)

        return await idempotent.run(key, request, caller, create)

    @router.endpoint(
        "POST",
        "/jobs/batch",
        permission=Permission.OPERATE,
        summary="Run workflows many times",
        response_model=SubmittedBatchResponse,
        errors=(404, 409, 413),
    )
    async def run_workflows(
        body: RunBatchRequest, request: Request, caller: Caller, key: IdempotencyKey = None
    ) -> Response:
        """Queues 1 to 1000 jobs. When one of them is not valid, none is stored.

        A failure of the store on the way (503) may leave a part of them stored and running. With an `Idempotency-Key`,
        repeating the request adds what is missing and nothing twice; without one it submits them all again.
        """

        async def create(batch_id: str) -> SubmittedBatchResponse:
            runs = [one.wanted() for one in body.jobs]
            jobs = await run_batch(caller=caller, batch_id=batch_id, runs=runs, traceparent=traceparent_of(request))
            return SubmittedBatchResponse.of(jobs)

        return await idempotent.run(key, request, caller, create)

    return router
