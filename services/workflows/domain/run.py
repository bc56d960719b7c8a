"""What a caller asks of one run of a stored workflow, and what may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from services.workflows.domain.variables import check_variables
from services.workflows.domain.workflow import Workflow
from shared.jobs import MAX_ATTEMPTS_DEFAULT, TIMEOUT_SECONDS_DEFAULT, ExecutionMode, NewJob, Requirements
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.ids import is_uuid

MAX_DELAY_MS: Final = 366 * 24 * 3_600_000
"""How far ahead `run_at` may lie."""


class VersionNotFound(NotFound):
    """The workflow has no such version."""

    code = "WORKFLOW_VERSION_NOT_FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRun:
    """One run as it is asked for; None leaves a thing to the workflow. Times in epoch milliseconds."""

    workflow_id: str
    version: int | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    environment: str = "default"
    execution_mode: ExecutionMode | None = None
    capabilities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    robot_id: str | None = None
    run_at_ms: int | None = None
    must_end_ms: int | None = None
    timeout_seconds: int = TIMEOUT_SECONDS_DEFAULT
    max_attempts: int = MAX_ATTEMPTS_DEFAULT


def check_run(wanted: WantedRun, *, now_ms: int, where: str = "") -> None:
    """Raises `Invalid` naming the first field that breaks a rule; `where` stands before its name (`jobs.17.`)."""
    if not is_uuid(wanted.workflow_id):
        raise Invalid.field(f"{where}workflow_id", "is not a UUID")
    check_variables(f"{where}variables", wanted.variables)
    if wanted.run_at_ms is not None and wanted.run_at_ms > now_ms + MAX_DELAY_MS:
        raise Invalid.field(f"{where}run_at", "is more than a year ahead")
    if wanted.must_end_ms is not None and wanted.must_end_ms <= max(now_ms, wanted.run_at_ms or 0):
        raise Invalid.field(f"{where}deadline_at", "must be in the future, and after run_at")


def job_of_run(
    wanted: WantedRun, workflow: Workflow, *, job_id: str, created_by: str, traceparent: str | None, where: str = ""
) -> NewJob:
    """The job to submit. Raises `VersionNotFound`."""
    number = workflow.current_version if wanted.version is None else wanted.version
    version = workflow.versions.get(str(number))
    if version is None:
        raise VersionNotFound(f"{where_text(where)}Workflow {workflow.workflow_id} has no version {number}.")
    return NewJob(
        tenant_id=workflow.tenant_id,
        workflow_id=workflow.workflow_id,
        workflow_name=workflow.name,
        workflow_version=number,
        definition_id=version.definition_id,
        priority=workflow.priority if wanted.priority is None else wanted.priority,
        requirements=Requirements(
            environment=wanted.environment,
            execution_mode=wanted.execution_mode or workflow.execution_mode,
            capabilities=tuple(sorted(set(wanted.capabilities))),
            tags=tuple(sorted(set(wanted.tags))),
            robot_id=wanted.robot_id,
        ),
        variables=wanted.variables,
        created_by=created_by,
        run_at_ms=wanted.run_at_ms,
        must_end_ms=wanted.must_end_ms,
        timeout_seconds=wanted.timeout_seconds,
        max_attempts=wanted.max_attempts,
        job_id=job_id,
        traceparent=traceparent,
    )


def job_id_in_batch(batch_id: str, index: int) -> str:
    """The id of a batch's job: fixed, so that a repeated batch finds those it made before."""
    return str(uuid5(UUID(batch_id), str(index)))


def where_text(where: str) -> str:
    """`jobs.17.` as the beginning of a sentence: `jobs.17: `."""
    return f"{where.rstrip('.')}: " if where else ""
