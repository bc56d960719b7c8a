"""The route that has a job tried again (contract, POST /jobs/{job_id}/retry)."""

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.dispatcher.api.parameters import JobId
from services.dispatcher.use_cases.retry_job import RetryJob
from shared.jobs import Job
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses


class RetryResponse(BaseModel):
    """The new job beside the one it tries again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "original_job_id": "job-12345",
                    "new_job_id": "job-67890",
                    "job_id": "job-67890",
                    "message": "Job queued for retry",
                }
            ]
        }
    )

    original_job_id: str
    new_job_id: str
    job_id: str = Field(description="the same as `new_job_id`")
    message: str = "Job queued for retry"


def retry_response(original_job_id: str, new_job: Job) -> RetryResponse:
    """The answer to a retry."""
    return RetryResponse(original_job_id=original_job_id, new_job_id=new_job.job_id, job_id=new_job.job_id)


def build_retry_router(retry: RetryJob, idempotent: IdempotentResponses) -> ContractRouter:
    """The route over its use case."""
    router = ContractRouter(tag="jobs")

    @router.endpoint(
        "POST",
        "/jobs/{job_id}/retry",
        permission=Permission.OPERATE,
        summary="Retry a job",
        response_model=RetryResponse,
        errors=(404, 409),
    )
    async def retry_job(
        job_id: JobId,
        request: Request,
        caller: Caller,
        key: IdempotencyKey = None,
    ) -> Response:
        """Queue the work of a `failed`, `cancelled` or `timeout` job as a new job, with all its attempts.

        Without `Idempotency-Key` each call makes a job. A dead letter leaves the dead-letter queue with its retry.
        """

        async def create(new_job_id: str) -> RetryResponse:
            return retry_response(job_id, await retry(caller=caller, job_id=job_id, new_job_id=new_job_id))

        return await idempotent.run(key, request, caller, create)

    return router
