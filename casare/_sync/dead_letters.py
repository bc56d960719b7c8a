# Made from `casare/_async/dead_letters.py` by `docs/generate_sync_client.py`. Do not edit.
"""Dead letters: `client.dlq`."""

from collections.abc import Iterator

from casare._address import segment
from casare._calls import act, create, delete, get
from casare._sync.job import Job, Work
from casare._sync.pages import each_by_cursor
from casare.models import DeadLetter, DeadLetterStats, Model, Purge
from casare.models.dead_letters import DeadLetterPage
from casare.models.jobs import Retried


class DeadLetters:
    """Jobs that failed or timed out for good."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def list(
        self, *, workflow_id: str | None = None, error_type: str | None = None, page_size: int = 100
    ) -> Iterator[DeadLetter]:
        """Those that match, newest first."""
        params = {"workflow_id": workflow_id, "error_type": error_type, "limit": page_size}
        return each_by_cursor(self._work.session, "/dlq", DeadLetterPage, params)

    def stats(self) -> DeadLetterStats:
        """How many there are, by what they have in common."""
        return self._work.session.call(get("/dlq/stats", DeadLetterStats))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """The new job that takes its place: the same one, however often it is asked for. Raises NotFound."""
        call = create(f"/dlq/{segment(job_id)}/retry", Retried, key=idempotency_key)
        return Job(self._work, (self._work.session.call(call)).new_job_id)

    def delete(self, job_id: str) -> None:
        """Forgets the dead letter; its job stays in the history. Raises NotFound."""
        self._work.session.call(delete(f"/dlq/{segment(job_id)}", Model))

    def purge(self, *, older_than_days: int) -> int:
        """How many were removed, until none was left to remove."""
        purged = 0
        while True:
            call = act("/dlq/purge", Purge, params={"older_than_days": older_than_days})
            answer = self._work.session.call(call)
            purged += answer.purged
            if answer.complete:
                return purged
