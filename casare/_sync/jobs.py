# Made from `casare/_async/jobs.py` by `docs/generate_sync_client.py`. Do not edit.
"""Jobs: `client.jobs`."""

from collections.abc import Iterator

from casare._sync.job import Job, Work
from casare._sync.pages import each_by_cursor
from casare.models.jobs import JobPage, JobRecord


class Jobs:
    """Finds jobs."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, job_id: str) -> Job:
        """The job, read. Raises NotFound."""
        job = self.handle(job_id)
        job.refresh()
        return job

    def handle(self, job_id: str) -> Job:
        """A handle on a job whose id is known, without a call; for example to go on waiting after a restart."""
        return Job(self._work, job_id)

    def list(
        self,
        *,
        status: str | None = None,
        workflow_id: str | None = None,
        robot_id: str | None = None,
        environment: str | None = None,
        page_size: int = 100,
    ) -> Iterator[Job]:
        """Jobs that match, newest first, without variables and results. Pages of `page_size` (1 to 500) are read as
        they are needed; jobs submitted meanwhile neither repeat nor hide any."""
        params = {
            "status": status,
            "workflow_id": workflow_id,
            "robot_id": robot_id,
            "environment": environment,
            "limit": page_size,
        }
        return self._handles(each_by_cursor(self._work.session, "/jobs", JobPage, params))

    def _handles(self, records: Iterator[JobRecord]) -> Iterator[Job]:
        for record in records:
            yield Job(self._work, record.job_id, record)
