"""Dead letters: `client.dlq`."""

from collections.abc import AsyncIterator

from casare._address import segment
from casare._async.job import AsyncJob, AsyncWork
from casare._async.pages import each_by_cursor
from casare._calls import act, create, delete, get
from casare.models import DeadLetter, DeadLetterStats, Model, Purge
from casare.models.dead_letters import DeadLetterPage
from casare.models.jobs import Retried


class AsyncDeadLetters:
    """Jobs that failed or timed out for good."""

    def __init__(self, work: AsyncWork) -> None:
        self._work = work

    def list(
        self, *, workflow_id: str | None = None, error_type: str | None = None, page_size: int = 100
    ) -> AsyncIterator[DeadLetter]:
        """Those that match, newest first."""
        params = {"workflow_id": workflow_id, "error_type": error_type, "limit": page_size}
        return each_by_cursor(self._work.session, "/dlq", DeadLetterPage, params)

    async def stats(self) -> DeadLetterStats:
        """How many there are, by what they have in common."""
        return await self._work.session.call(get("/dlq/stats", DeadLetterStats))

    async def retry(self, job_id: str, *, idempotency_key: str | None = None) -> AsyncJob:
        """The new job that takes its place: the same one, however often it is asked for. Raises NotFound."""
        call = create(f"/dlq/{segment(job_id)}/retry", Retried, key=idempotency_key)
        return AsyncJob(self._work, (await self._work.session.call(call)).new_job_id)

    async def delete(self, job_id: str) -> None:
        """Forgets the dead letter; its job stays in the history. Raises NotFound."""
        await self._work.session.call(delete(f"/dlq/{segment(job_id)}", Model))

    async def purge(self, *, older_than_days: int) -> int:
        """How many were removed, until none was left to remove."""
        purged = 0
        while True:
            call = act("/dlq/purge", Purge, params={"older_than_days": older_than_days})
            answer = await self._work.session.call(call)
            purged += answer.purged
            if answer.complete:
                return purged
