"""Jobs: `client.jobs`."""

from collections.abc import AsyncIterator

from casare._async.job import AsyncJob, AsyncWork
from casare._async.pages import each_by_cursor
from casare.models.jobs import JobPage, JobRecord


class AsyncJobs:
    """Finds jobs."""

    def __init__(self, work: AsyncWork) -> None:
        self._work = work

    async def get(self, job_id: str) -> AsyncJob:
        """The job, read. Raises NotFound."""
        job = self.handle(job_id)
        await job.refresh()
        return job

    def handle(self, job_id: str) -> AsyncJob:
        """A handle on a job whose id is known, without a call; for example to go on waiting after a restart."""
        return AsyncJob(self._work, job_id)

    def list(
        self,
        *,
        status: str | None = None,
        workflow_id: str | None = None,
        robot_id: str | None = None,
        environment: str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[AsyncJob]:
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

    async def _handles(self, records: AsyncIterator[JobRecord]) -> AsyncIterator[AsyncJob]:
        async for record in records:
            yield AsyncJob(self._work, record.job_id, record)
