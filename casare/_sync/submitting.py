# Made from `casare/_async/submitting.py` by `docs/generate_sync_client.py`. Do not edit.
"""Submitting: one job, or many in few calls."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from casare._calls import create, fields, new_key
from casare._submitting import Run, WorkflowSource, batches, definition_of, is_stored, with_variables
from casare._sync.job import Job, Work
from casare.errors import ConfigurationProblem, UnexpectedAnswer
from casare.models import JobRecord, Submission, WorkflowSummary
from casare.models.jobs import Batch


def submit_definition(work: Work, workflow: WorkflowSource, name: str | None, run: Run, key: str | None) -> Job:
    """The job of a definition that was stored and queued with one call."""
    beyond = run.body().keys() - {"workflow_id", "variables", "priority", "execution_mode"}
    if beyond:
        raise ConfigurationProblem(
            f"{', '.join(sorted(beyond))}: only for a stored workflow. Store it first: client.workflows.push(…)."
        )
    definition = with_variables(definition_of(workflow, name), run.variables)
    body = {**definition.body(), **fields(priority=run.priority, execution_mode=run.execution_mode)}
    submission = work.session.call(create("/workflows", Submission, body, key))
    if submission.job_id is None:
        raise UnexpectedAnswer("The workflow was stored, but no job was made.")
    record = JobRecord(
        job_id=submission.job_id,
        workflow_id=submission.workflow_id,
        workflow_name=definition.name,
        workflow_version=1,
        **fields(priority=run.priority, execution_mode=run.execution_mode),
        created_at=submission.created_at,
    )
    return Job(work, record.job_id, record)


def submit_run(work: Work, run: Run, key: str | None) -> Job:
    """The job of a stored workflow."""
    record = work.session.call(create("/jobs", JobRecord, run.body(), key))
    return Job(work, record.job_id, record)


def submit_batch(work: Work, runs: Sequence[Run], key: str | None) -> list[Job]:
    """The jobs, in the order of `runs`."""
    jobs: list[Job] = []
    for body, chunk_key in batches(runs, key or new_key()):
        batch = work.session.call(create("/jobs/batch", Batch, body, chunk_key))
        jobs += [Job(work, record.job_id, record) for record in batch.jobs]
    return jobs


class Submitting:
    """The part of the client that makes jobs."""

    _work: Work

    def submit(
        self,
        workflow: WorkflowSource,
        *,
        name: str | None = None,
        variables: Mapping[str, Any] | None = None,
        priority: int | None = None,
        version: int | None = None,
        environment: str | None = None,
        execution_mode: str | None = None,
        required_capabilities: Sequence[str] | None = None,
        required_tags: Sequence[str] | None = None,
        robot_id: str | None = None,
        run_at: datetime | None = None,
        deadline_at: datetime | None = None,
        timeout_seconds: int | None = None,
        max_attempts: int | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """The job of `workflow`, queued.

        A dict, a `Path` or a text that ends with `.json` is a definition: it is stored as a new workflow and run at
        once, under `name`, with `variables` put over its own. Any other text is the id of a stored workflow, as is a
        `Workflow`. What is None is the workflow's or the server's default; `priority` 0 is the highest. An
        `idempotency_key` is made unless it is given; keep your own to repeat a submission after a crash.

        Raises InvalidInput, NotFound, Forbidden, Conflict; ConfigurationProblem for what only stored workflows take.
        """
        stored = is_stored(workflow)
        run = Run(
            workflow if stored and isinstance(workflow, str | WorkflowSummary) else "",
            variables=variables,
            priority=priority,
            version=version,
            environment=environment,
            execution_mode=execution_mode,
            required_capabilities=required_capabilities,
            required_tags=required_tags,
            robot_id=robot_id,
            run_at=run_at,
            deadline_at=deadline_at,
            timeout_seconds=timeout_seconds,
            max_attempts=max_attempts,
        )
        if stored:
            return submit_run(self._work, run, idempotency_key)
        return submit_definition(self._work, workflow, name, run, idempotency_key)

    def submit_batch(self, runs: Sequence[Run], *, idempotency_key: str | None = None) -> list[Job]:
        """The jobs of stored workflows, in the order of `runs`, with one call for every 1,000.

        When one run of a call is not valid, none of that call is stored. When the store or the connection fails on the
        way, repeat with the same `idempotency_key` and the same runs: what is missing is added, and nothing twice.
        """
        return submit_batch(self._work, runs, idempotency_key)
