"""Routes of the dead-letter queue."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query, Request
from starlette.responses import Response

from services.dispatcher.api.cursors import Cursor, from_cursor
from services.dispatcher.api.dead_letter_schemas import (
    DeadLetterList,
    DeadLetterStatsBody,
    DeleteDeadLetterResponse,
    PurgeResponse,
    dead_letter_list,
    purge_response,
    stats_body,
)
from services.dispatcher.api.parameters import PrintableId
from services.dispatcher.api.retry_routes import RetryResponse, retry_response
from services.dispatcher.ports import DeadLetterQuery
from services.dispatcher.use_cases.delete_dead_letter import DeleteDeadLetter
from services.dispatcher.use_cases.list_dead_letters import ListDeadLetters
from services.dispatcher.use_cases.purge_dead_letters import PurgeDeadLetters
from services.dispatcher.use_cases.retry_dead_letter import RetryDeadLetter
from services.dispatcher.use_cases.summarize_dead_letters import SummarizeDeadLetters
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses

JobId = Annotated[str, Path(min_length=1, max_length=64, description="the entry's id, which is its job's")]


@dataclass(frozen=True, slots=True)
class DeadLetterUseCases:
    """What the dead-letter routes call."""

    find: ListDeadLetters
    summarize: SummarizeDeadLetters
    retry: RetryDeadLetter
    delete: DeleteDeadLetter
    purge: PurgeDeadLetters


def build_dead_letter_router(use: DeadLetterUseCases, idempotent: IdempotentResponses) -> ContractRouter:
    """The dead-letter routes over their use cases."""
    router = ContractRouter(tag="dead letters")
    _add_reading(router, use)
    _add_removal(router, use)
    _add_retry(router, use, idempotent)
    return router


def _add_reading(router: ContractRouter, use: DeadLetterUseCases) -> None:
    @router.endpoint(
        "GET", "/dlq", permission=Permission.READ, summary="List dead letters", response_model=DeadLetterList
    )
    async def list_dead_letters(
        caller: Caller,
        workflow_id: Annotated[PrintableId, Query(description="only jobs of this workflow")] = None,
        error_type: Annotated[PrintableId, Query(description="only jobs that failed with this error")] = None,
        limit: Annotated[int, Query(ge=1, le=500, description="entries at the most")] = 100,
        cursor: Cursor = None,
    ) -> DeadLetterList:
        """Jobs that failed for good or timed out and that nobody has dealt with yet, last ended first."""
        before = from_cursor(cursor, caller.tenant_id)
        query = DeadLetterQuery(caller.tenant_id, limit, workflow_id, error_type, before)
        return dead_letter_list(await use.find(query=query))

    @router.endpoint(
        "GET",
        "/dlq/stats",
        permission=Permission.READ,
        summary="Figures over the dead letters",
        response_model=DeadLetterStatsBody,
    )
    async def dead_letter_stats(caller: Caller) -> DeadLetterStatsBody:
        """How many there are, and what the newest 5000 of them are."""
        return stats_body(await use.summarize(tenant_id=caller.tenant_id))


def _add_removal(router: ContractRouter, use: DeadLetterUseCases) -> None:
    @router.endpoint(
        "DELETE",
        "/dlq/{job_id}",
        permission=Permission.OPERATE,
        summary="Delete a dead letter",
        response_model=DeleteDeadLetterResponse,
        errors=(404, 409),
    )
    async def delete_dead_letter(job_id: JobId, caller: Caller) -> DeleteDeadLetterResponse:
        """Take an entry out of the queue. Its job stays in the history."""
        await use.delete(caller=caller, job_id=job_id)
        return DeleteDeadLetterResponse(id=job_id)

    @router.endpoint(
        "POST",
        "/dlq/purge",
        permission=Permission.ADMINISTER,
        summary="Purge old dead letters",
        response_model=PurgeResponse,
        errors=(409,),
    )
    async def purge_dead_letters(
        caller: Caller, older_than_days: Annotated[int, Query(ge=0, le=3_650, description="0: all of them")]
    ) -> PurgeResponse:
        """Take all entries out of the queue that ended that many days ago or earlier, up to 5000 a call."""
        return purge_response(await use.purge(caller=caller, older_than_days=older_than_days))


def _add_retry(router: ContractRouter, use: DeadLetterUseCases, idempotent: IdempotentResponses) -> None:
    @router.endpoint(
        "POST",
        "/dlq/{job_id}/retry",
        permission=Permission.OPERATE,
        summary="Retry a dead letter",
        response_model=RetryResponse,
        errors=(404, 409),
    )
    async def retry_dead_letter(
        job_id: JobId, request: Request, caller: Caller, key: IdempotencyKey = None
    ) -> Response:
        """Queue the entry's work as a new job; the entry leaves the queue. However often it is asked for, one new job
        is made, and every caller is told its id."""

        async def create(_: str) -> RetryResponse:
            return retry_response(job_id, await use.retry(caller=caller, job_id=job_id))

        return await idempotent.run(key, request, caller, create)
