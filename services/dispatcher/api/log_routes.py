"""Routes of job logs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from services.dispatcher.api.log_schemas import (
    AddLogsBody,
    AddLogsResponse,
    Level,
    LogsResponse,
    logs_response,
    number_in,
)
from services.dispatcher.api.parameters import JobId
from services.dispatcher.domain.log_search import LogFilter, LogOrder
from services.dispatcher.domain.logs import LogLevel
from services.dispatcher.use_cases.add_job_logs import AddJobLogs
from services.dispatcher.use_cases.read_job_logs import ReadJobLogs
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses


@dataclass(frozen=True, slots=True)
class LogUseCases:
    """What the log routes call."""

    add: AddJobLogs
    read: ReadJobLogs
    now_ms: Callable[[], int]


def build_log_router(use: LogUseCases, idempotent: IdempotentResponses) -> ContractRouter:
    """The log routes over their use cases."""
    router = ContractRouter(tag="jobs")
    _add_writing(router, use, idempotent)
    _add_reading(router, use)
    return router


def _add_writing(router: ContractRouter, use: LogUseCases, idempotent: IdempotentResponses) -> None:
    @router.endpoint(
        "POST",
        "/jobs/{job_id}/logs",
        permission=Permission.ROBOT_OR_OPERATE,
        summary="Add to a job's log",
        response_model=AddLogsResponse,
        errors=(404, 409, 413),
    )
    async def add_job_logs(
        job_id: JobId, body: AddLogsBody, request: Request, caller: Caller, key: IdempotencyKey = None
    ) -> Response:
        """Append lines to the log of a job, in any state of it; at most 500 a call.

        A robot may write to a job that it holds or was the last to hold, else the answer is 409 `JOB_NOT_HELD`. Who may
        have to repeat a call names it by `batch_id`, or sends an `Idempotency-Key`: the repeat gets the first answer
        and adds nothing. A `batch_id` costs less, and lasts as long as the log. The log of a job is capped; what comes
        after the cap is counted as `dropped` and not kept. Logs are no changes of the job: they cause no event.
        """

        async def create(creation_id: str) -> AddLogsResponse:
            now_ms = use.now_ms()
            added = await use.add(
                caller=caller,
                job_id=job_id,
                entries=[line.entry(now_ms) for line in body.logs],
                robot_id=body.robot_id,
                attempt=body.attempt,
                batch_id=creation_id if body.batch_id is None and key is not None else body.batch_id,
            )
            return AddLogsResponse(
                job_id=job_id, accepted=added.n_accepted, dropped=added.n_dropped, truncated=added.n_dropped > 0
            )

        return await idempotent.run(key, request, caller, create)


def _add_reading(router: ContractRouter, use: LogUseCases) -> None:
    @router.endpoint(
        "GET",
        "/jobs/{job_id}/logs",
        permission=Permission.READ,
        summary="Read a job's log",
        response_model=LogsResponse,
        errors=(404,),
    )
    async def read_job_logs(
        job_id: JobId,
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=1000, description="how many lines at most")] = 200,
        cursor: Annotated[str | None, Query(max_length=64, description="`next_cursor` of the page before")] = None,
        level: Annotated[Level, Query(description="the least severity")] = LogLevel.DEBUG,
        search: Annotated[str, Query(max_length=200, description="part of the message, in whatever case")] = "",
        node_id: Annotated[str | None, Query(max_length=255, description="lines of this node")] = None,
        order: Annotated[LogOrder, Query(description="`asc`: oldest first; `desc`: newest first")] = LogOrder.ASC,
    ) -> LogsResponse:
        """A page of a job's log, oldest first by default, by the order in which lines were received.

        Lines keep their numbers and new ones come at the end, so pages are stable while the job writes. One call looks
        at a bounded stretch of the log: with a filter, a page may be short or empty although `next_cursor` says that
        more follows.
        """
        page = await use.read(
            caller=caller,
            job_id=job_id,
            wanted=LogFilter(level, search, node_id),
            order=order,
            limit=limit,
            number=None if cursor is None else number_in(cursor),
        )
        return logs_response(job_id, page)
