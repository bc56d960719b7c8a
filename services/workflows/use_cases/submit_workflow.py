"""Submit a workflow: store it, and start or schedule it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.workflows.domain.compact_json import JsonText
from services.workflows.domain.webhook import Webhook, first_webhook_id
from services.workflows.domain.workflow import (
    FIRST_VERSION,
    TriggerType,
    Workflow,
    first_job_id,
    first_schedule_id,
)
from services.workflows.ports import Definitions, Folder, Jobs, MadeSchedule, NewSchedule, Schedules, Workflows
from services.workflows.use_cases.create_webhook import CreateWebhook
from services.workflows.use_cases.prepare_workflow import Prepared, checked_metadata, prepare_definition
from shared.events.workflows import WorkflowCreated
from shared.jobs import Definition, ExecutionMode, NewJob, Requirements
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.identity import Identity

FIRST_DOCUMENT_VERSION: Final = 1


class WorkflowDeletedMeanwhile(Conflict):
    """A repeated submission's workflow was deleted after the first try stored it."""

    code = "WORKFLOW_DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What the caller sent."""

    name: str
    workflow_json: JsonText
    trigger_type: TriggerType
    execution_mode: ExecutionMode
    schedule_cron: str | None
    priority: int
    metadata: Mapping[str, Any]
    description: str | None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submission: the workflow, and the job, the schedule or the webhook it was given."""

    workflow: Workflow
    job_id: str | None = None
    schedule: MadeSchedule | None = None
    webhook: Webhook | None = None


class SubmitWorkflow:
    """Writes the copy for the folder, then definition, workflow, and its job, schedule or webhook; then answers.

    Invalid input is refused before anything is written, a bad cron expression and a scheduler that is down included.
    A process that dies in between leaves a definition, or a workflow without what it triggers. The caller has then been
    promised nothing, and the remains are harmless: nothing runs them, and they can be read and deleted like any
    workflow. Repeating the submission under the same `workflow_id` completes it, since all ids follow from that one.
    """

    def __init__(
        self,
        workflows: Workflows,
        definitions: Definitions,
        jobs: Jobs,
        schedules: Schedules,
        create_webhook: CreateWebhook,
        folder: Folder,
        clock: Clock,
    ) -> None:
        self._workflows = workflows
        self._definitions = definitions
        self._jobs = jobs
        self._schedules = schedules
        self._create_webhook = create_webhook
        self._folder = folder
        self._clock = clock

    async def __call__(
        self, *, caller: Identity, workflow_id: str, submission: Submission, traceparent: str | None = None
    ) -> Submitted:
        """What was stored. Raises `Invalid`, `TooLarge`, `Unavailable`; after the last, a repeat may complete it."""
        prepared = await prepare_definition(caller, submission.workflow_json, self._clock.now_ms())
        workflow = self._workflow(caller, workflow_id, submission, prepared)
        cron = await self._checked_cron(caller, submission)
        workflow = await self._stored_with_copy(workflow, prepared.definition, caller)
        if cron is not None:
            return Submitted(workflow, schedule=await self._schedules.create(_schedule(workflow, cron, caller)))
        if submission.trigger_type is TriggerType.WEBHOOK:
            webhook_id = first_webhook_id(workflow.workflow_id)
            return Submitted(workflow, webhook=await self._create_webhook.for_workflow(workflow, caller, webhook_id))
        job = await self._jobs.submit(_job(workflow, caller, traceparent))
        return Submitted(workflow, job_id=job.job_id)

    def _workflow(self, caller: Identity, workflow_id: str, submission: Submission, prepared: Prepared) -> Workflow:
        created_ms = prepared.version.created_ms
        return Workflow(
            workflow_id=workflow_id,
            tenant_id=caller.tenant_id,
            version=FIRST_DOCUMENT_VERSION,
            name=submission.name,
            trigger_type=submission.trigger_type,
            execution_mode=submission.execution_mode,
            priority=submission.priority,
            description=submission.description,
            metadata_json=checked_metadata(submission.metadata),
            versions={str(FIRST_VERSION): prepared.version},
            created_ms=created_ms,
            updated_ms=created_ms,
        )

    async def _checked_cron(self, caller: Identity, submission: Submission) -> str | None:
        """The cron expression of a scheduled workflow, which the scheduler takes; None for others."""
        if submission.trigger_type is not TriggerType.SCHEDULED:
            return None
        if not submission.schedule_cron:
            raise Invalid.field("schedule_cron", "is required when trigger_type is 'scheduled'")
        await self._schedules.check(caller.tenant_id, submission.schedule_cron)
        return submission.schedule_cron

    async def _stored_with_copy(self, workflow: Workflow, definition: Definition, caller: Identity) -> Workflow:
        copy = await self._folder.write(workflow.tenant_id, workflow.workflow_id, FIRST_VERSION, definition.text)
        stored = None
        try:
            await self._definitions.put(definition)
            stored = await self._stored(workflow, caller)
        finally:
            await (copy.discard() if stored is None else copy.keep())
        return stored

    async def _stored(self, workflow: Workflow, caller: Identity) -> Workflow:
        """The workflow as it is stored now: this one, or the one an earlier try of the same submission stored."""
        event = WorkflowCreated(
            workflow_id=workflow.workflow_id,
            workflow_name=workflow.name,
            version=workflow.current_version,
            trigger_type=workflow.trigger_type,
            created_by=caller.subject,
        )
        if await self._workflows.insert(workflow, event):
            return workflow
        existing = await self._workflows.get(workflow.tenant_id, workflow.workflow_id)
        if existing is None:
            raise WorkflowDeletedMeanwhile("The workflow was deleted while it was being submitted.")
        return existing


def _job(workflow: Workflow, caller: Identity, traceparent: str | None) -> NewJob:
    return NewJob(
        tenant_id=workflow.tenant_id,
        workflow_id=workflow.workflow_id,
        workflow_name=workflow.name,
        workflow_version=workflow.current_version,
        definition_id=workflow.current.definition_id,
        priority=workflow.priority,
        requirements=Requirements(execution_mode=workflow.execution_mode),
        created_by=caller.subject,
        job_id=first_job_id(workflow.workflow_id),
        traceparent=traceparent,
    )


def _schedule(workflow: Workflow, cron: str, caller: Identity) -> NewSchedule:
    return NewSchedule(
        schedule_id=first_schedule_id(workflow.workflow_id),
        tenant_id=workflow.tenant_id,
        workflow_id=workflow.workflow_id,
        name=workflow.name,
        cron=cron,
        priority=workflow.priority,
        execution_mode=workflow.execution_mode,
        created_by=caller.subject,
    )
