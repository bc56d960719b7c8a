"""Routes of jobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import Header, Request

from services.dispatcher.api.job_schemas import (
    CancelResponse,
    ClaimBody,
    ClaimResponse,
    CompleteBody,
    CompleteResponse,
    ExtendBody,
    ExtendResponse,
    FailBody,
    FailResponse,
    JobBody,
    LeaseProof,
    ProgressBody,
    ProgressResponse,
    ReleaseBody,
    ReleaseResponse,
    claimed_job_body,
    job_body,
)
from services.dispatcher.api.parameters import JobId
from services.dispatcher.domain.reports import Reporter
from services.dispatcher.use_cases.cancel_job import CancelJob
from services.dispatcher.use_cases.claim_job import ClaimJob, ClaimRequest
from services.dispatcher.use_cases.complete_job import CompleteJob
from services.dispatcher.use_cases.extend_lease import ExtendLease
from services.dispatcher.use_cases.fail_job import FailJob, Failure
from services.dispatcher.use_cases.get_job import GetJob
from services.dispatcher.use_cases.release_job import ReleaseJob
from services.dispatcher.use_cases.report_progress import ReportProgress
from shared.kernel.clock import to_datetime
from shared.kernel.identity import Identity
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter

LeaseToken = Annotated[
    str | None, Header(alias="X-Lease-Token", max_length=128, description="the same as `lease_token` in the body")
]


@dataclass(frozen=True, slots=True)
class JobUseCases:
    """What the job routes call."""

    claim: ClaimJob
    progress: ReportProgress
    complete: CompleteJob
    fail: FailJob
    release: ReleaseJob
    extend: ExtendLease
    cancel: CancelJob
    get: GetJob


def build_job_router(use: JobUseCases) -> ContractRouter:
    """The job routes over their use cases."""
    router = ContractRouter(tag="jobs")
    _add_claim(router, use)
    _add_reports(router, use)
    _add_lease_calls(router, use)
    _add_user_calls(router, use)
    return router


def _add_claim(router: ContractRouter, use: JobUseCases) -> None:
    @router.endpoint(
        "POST",
        "/jobs/claim",
        permission=Permission.ROBOT,
        summary="Claim jobs",
        response_model=ClaimResponse | None,
        errors=(404,),
    )
    async def claim_jobs(body: ClaimBody, request: Request, caller: Caller) -> ClaimResponse | None:
        """Take jobs from the queue, best first. Answers `null` when there is none within `wait_seconds`.

        Each job is leased to the robot for `visibility_timeout_seconds`; progress reports, heartbeats and
        `extend-lease` renew the lease, and when it ends the job returns to the queue. No two robots get the same job.
        With `limit` above 1 the first job stands in the object's own fields and all of them in `jobs`.
        """
        wanted = ClaimRequest(
            robot_id=body.robot_id,
            environment=body.environment,
            limit=body.limit,
            lease_seconds=body.visibility_timeout_seconds,
            wait_seconds=body.wait_seconds,
        )
        async with _noticing_departure(request, watch=body.wait_seconds > 0) as abandoned:
            claimed = await use.claim(caller=caller, request=wanted, abandoned=abandoned)
        if not claimed:
            return None
        jobs = [claimed_job_body(one) for one in claimed]
        return ClaimResponse.model_construct(**jobs[0].__dict__, jobs=jobs)


@asynccontextmanager
async def _noticing_departure(request: Request, *, watch: bool) -> AsyncIterator[asyncio.Event]:
    """An event that is set when the client goes away, so that nothing is claimed for nobody."""
    gone = asyncio.Event()
    if not watch:
        yield gone
        return

    async def wait_for_disconnect() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            continue
        gone.set()

    watcher = asyncio.create_task(wait_for_disconnect())
    try:
        yield gone
    finally:
        watcher.cancel()


def _add_reports(router: ContractRouter, use: JobUseCases) -> None:
    @router.endpoint(
        "PUT",
        "/jobs/{job_id}/progress",
        permission=Permission.ROBOT_OR_OPERATE,
        summary="Report a job's progress",
        response_model=ProgressResponse,
        errors=(404, 409),
    )
    async def report_progress(
        job_id: JobId, body: ProgressBody, caller: Caller, x_lease_token: LeaseToken = None
    ) -> ProgressResponse:
        """Record progress and renew the lease; the first report makes the job `running`.

        409 `JOB_NOT_HELD` when the reporter does not hold the job any more, as after a cancellation: it should stop.
        """
        job = await use.progress(
            caller=caller,
            job_id=job_id,
            reporter=_reporter(caller, body, x_lease_token),
            percent=body.progress,
            current_node=body.current_node,
            message=body.message,
        )
        return ProgressResponse(job_id=job_id, progress=job.progress, current_node=job.current_node)

    @router.endpoint(
        "POST",
        "/jobs/{job_id}/complete",
        permission=Permission.ROBOT,
        summary="Complete a job",
        response_model=CompleteResponse,
        errors=(404, 409),
    )
    async def complete_job(
        job_id: JobId, caller: Caller, body: CompleteBody | None = None, x_lease_token: LeaseToken = None
    ) -> CompleteResponse:
        """End the job with its result. A repeat by the same robot and attempt gets the same answer."""
        body = body or CompleteBody()
        result_json = msgspec.json.encode(body.result).decode()
        reporter = _reporter(caller, body, x_lease_token)
        await use.complete(caller=caller, job_id=job_id, reporter=reporter, result_json=result_json)
        return CompleteResponse(job_id=job_id)

    @router.endpoint(
        "POST",
        "/jobs/{job_id}/fail",
        permission=Permission.ROBOT,
        summary="Fail a job's attempt",
        response_model=FailResponse,
        errors=(404, 409),
    )
    async def fail_job(job_id: JobId, body: FailBody, caller: Caller, x_lease_token: LeaseToken = None) -> FailResponse:
        """End the attempt. The job waits for another one (`pending`) or has failed for good (`failed`).

        Another one follows while attempts are left and `retryable` is true, after a delay that grows with each. A
        repeat by the same robot and attempt gets the same answer. `result` is shown as the job's result, its
        `node_execution` in the history, until another attempt begins.
        """
        result_json = None if body.result is None else msgspec.json.encode(body.result).decode()
        failure = Failure(body.error_message, body.error_type, body.node_id, body.retryable, result_json)
        reporter = _reporter(caller, body, x_lease_token)
        status = await use.fail(caller=caller, job_id=job_id, reporter=reporter, failure=failure)
        return FailResponse(job_id=job_id, status=status)


def _add_lease_calls(router: ContractRouter, use: JobUseCases) -> None:
    @router.endpoint(
        "POST",
        "/jobs/{job_id}/release",
        permission=Permission.ROBOT,
        summary="Give a job back",
        response_model=ReleaseResponse,
        errors=(404, 409),
    )
    async def release_job(
        job_id: JobId, caller: Caller, body: ReleaseBody | None = None, x_lease_token: LeaseToken = None
    ) -> ReleaseResponse:
        """Give the job back to the queue; the attempt is not counted. A repeat gets the same answer."""
        body = body or ReleaseBody()
        reporter = _reporter(caller, body, x_lease_token)
        await use.release(caller=caller, job_id=job_id, reporter=reporter, reason=body.reason)
        return ReleaseResponse(job_id=job_id)

    @router.endpoint(
        "POST",
        "/jobs/{job_id}/extend-lease",
        permission=Permission.ROBOT,
        summary="Extend a job's lease",
        response_model=ExtendResponse,
        errors=(404, 409),
    )
    async def extend_lease(
        job_id: JobId, caller: Caller, body: ExtendBody | None = None, x_lease_token: LeaseToken = None
    ) -> ExtendResponse:
        """Keep the job for longer. `cancel_requested`: the job was cancelled or timed out, stop working on it."""
        body = body or ExtendBody()
        lease = await use.extend(
            caller=caller,
            job_id=job_id,
            reporter=_reporter(caller, body, x_lease_token),
            extension_seconds=body.extension_seconds,
        )
        return ExtendResponse(
            job_id=job_id,
            extended=lease.extended,
            lease_expires_at=to_datetime(lease.lease_expires_ms),
            cancel_requested=not lease.extended,
        )


def _add_user_calls(router: ContractRouter, use: JobUseCases) -> None:
    @router.endpoint(
        "POST",
        "/jobs/{job_id}/cancel",
        permission=Permission.OPERATE,
        summary="Cancel a job",
        response_model=CancelResponse,
        errors=(404, 409),
    )
    async def cancel_job(job_id: JobId, caller: Caller) -> CancelResponse:
        """Cancel a job that is not finished; it is final at once, its robot is told to stop.

        For a finished job `cancelled` is false and `previous_status` says how it ended; so does a repeat. What the
        robot reports of the cancelled attempt afterwards is answered 409.
        """
        outcome = await use.cancel(caller=caller, job_id=job_id)
        message = (
            "Job cancelled successfully"
            if outcome.cancelled
            else f"Job already {outcome.previous_status.value}, cannot cancel"
        )
        return CancelResponse(
            job_id=job_id,
            cancelled=outcome.cancelled,
            previous_status=outcome.previous_status,
            message=message,
        )

    @router.endpoint(
        "GET",
        "/jobs/{job_id}",
        permission=Permission.READ,
        summary="Get a job",
        response_model=JobBody,
        errors=(404,),
    )
    async def get_job(job_id: JobId, caller: Caller) -> JobBody:
        """The job with its state, progress and result.

        The result of a failed job is what its robot told of the last attempt, if it did, for example `node_execution`.
        """
        return job_body(await use.get(caller=caller, job_id=job_id))


def _reporter(caller: Identity, proof: LeaseProof, header_token: str | None) -> Reporter:
    """A bound key speaks for its robot whatever the body says; a user speaks for whoever holds the job."""
    robot_id = caller.robot_id if caller.robot_id is not None else proof.robot_id
    return Reporter(
        robot_id=robot_id if caller.kind == "robot" else None,
        lease_token=proof.lease_token or header_token,
        attempt=proof.attempt,
    )
