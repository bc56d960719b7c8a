"""Run stored workflows many times."""

import asyncio
from collections.abc import Sequence
from typing import Final

from services.workflows.domain.run import WantedRun, check_run, job_id_in_batch, job_of_run, where_text
from services.workflows.domain.workflow import Workflow, WorkflowNotFound
from services.workflows.ports import Jobs, Workflows
from shared.jobs import Job, NewJob
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity

AT_ONCE: Final = 128
"""Jobs under way: enough to fill the store's groups, few enough to let other requests in between."""


class RunBatch:
    """Checks all, then submits all.

    There is no write over many documents: a process that dies in between, or a store that does, leaves the jobs stored
    until then. They run, for each was valid by itself. A repeat with the same Idempotency-Key has the same `batch_id`,
    from which the jobs' ids follow, so it finds those and adds the rest; without the key it would make all again.
    """

    def __init__(self, workflows: Workflows, jobs: Jobs, clock: Clock) -> None:
        self._workflows = workflows
        self._jobs = jobs
        self._clock = clock

    async def __call__(
        self, *, caller: Identity, batch_id: str, runs: Sequence[WantedRun], traceparent: str | None = None
    ) -> list[Job]:
        """The stored jobs, in the order of `runs`.

        Raises `Invalid`, `WorkflowNotFound` and `VersionNotFound` before anything is stored, naming the run as
        `jobs.<index>`; `Unavailable` when only a part may be.
        """
        now_ms = self._clock.now_ms()
        for index, wanted in enumerate(runs):
            check_run(wanted, now_ms=now_ms, where=_where(index))
        workflows = await self._found(caller.tenant_id, runs)
        new_jobs = [
            job_of_run(
                wanted,
                workflows[wanted.workflow_id.lower()],
                job_id=job_id_in_batch(batch_id, index),
                created_by=caller.subject,
                traceparent=traceparent,
                where=_where(index),
            )
            for index, wanted in enumerate(runs)
        ]
        return await self._submitted(new_jobs)

    async def _found(self, tenant_id: str, runs: Sequence[WantedRun]) -> dict[str, Workflow]:
        """Every workflow that is named, each read once."""
        first_at = {wanted.workflow_id.lower(): index for index, wanted in reversed(list(enumerate(runs)))}
        found = await asyncio.gather(*(self._workflows.get(tenant_id, workflow_id) for workflow_id in first_at))
        workflows = {}
        for (workflow_id, index), workflow in zip(first_at.items(), found, strict=True):
            if workflow is None:
                raise WorkflowNotFound(f"{where_text(_where(index))}There is no workflow {workflow_id}.")
            workflows[workflow_id] = workflow
        return workflows

    async def _submitted(self, new_jobs: Sequence[NewJob]) -> list[Job]:
        """Every job, or the first error once no write is under way any more."""
        jobs: list[Job] = []
        for start in range(0, len(new_jobs), AT_ONCE):
            group = (self._jobs.submit(new_job) for new_job in new_jobs[start : start + AT_ONCE])
            for outcome in await asyncio.gather(*group, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
                jobs.append(outcome)
        return jobs


def _where(index: int) -> str:
    return f"jobs.{index}."
