"""Run a stored workflow once."""

from services.workflows.domain.run import WantedRun, check_run, job_of_run
from services.workflows.ports import Jobs, Workflows
from services.workflows.use_cases.find_workflow import find_workflow
from shared.jobs import Job
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity


class RunWorkflow:
    """Submits one job in one write; done again under the same id, it finds that job."""

    def __init__(self, workflows: Workflows, jobs: Jobs, clock: Clock) -> None:
        self._workflows = workflows
        self._jobs = jobs
        self._clock = clock

    async def __call__(
        self, *, caller: Identity, job_id: str, wanted: WantedRun, traceparent: str | None = None
    ) -> Job:
        """The stored job. Raises `Invalid`, `WorkflowNotFound`, `VersionNotFound`, `Unavailable`."""
        check_run(wanted, now_ms=self._clock.now_ms())
        workflow = await find_workflow(self._workflows, caller, wanted.workflow_id)
        new_job = job_of_run(wanted, workflow, job_id=job_id, created_by=caller.subject, traceparent=traceparent)
        return await self._jobs.submit(new_job)
