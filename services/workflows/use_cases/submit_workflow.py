"""Submit a workflow: store it, and start or schedule it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from services.workflows.domain.limits import check_metadata_size, check_nesting, check_size, count_nodes
from services.workflows.domain.webhook import Webhook, first_webhook_id
from services.workflows.domain.workflow import (
    FIRST_VERSION,
    TriggerType,
    Workflow,
    WorkflowVersion,
    first_job_id,
    first_schedule_id,
)
from services.workflows.ports import Definitions, Jobs, MadeSchedule, NewSchedule, Schedules, Workflows
from services.workflows.use_cases.create_webhook import CreateWebhook
from shared.events.workflows import WorkflowCreated
from shared.jobs import Definition, ExecutionMode, NewJob, Requirements
from shared.jobs.definitions import definition_of
from shared.kernel.clock import Clock
from shared.kernel.errors import Invalid, Unavailable
from shared.kernel.identity import Identity

FIRST_DOCUMENT_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What the caller sent."""

    name: str
    workflow_json: dict[str, Any]
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
    """Stores the definition, then the workflow, then its job, schedule or webhook; answers when all of it is stored.

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
        clock: Clock,
    ) -> None:
        self._workflows = workflows
        self._definitions = definitions
        self._jobs = jobs
        self._schedules = schedules
        self._create_webhook = create_webhook
        self._clock = clock

    async def __call__(
        self, *, caller: Identity, workflow_id: str, submission: Submission, traceparent: str | None = None
    ) -> Submitted:
        """What was stored. Raises `Invalid`, `TooLarge`, `Unavailable`; after the last, a repeat may complete it."""
        workflow, definition = self._build(caller, workflow_id, submission)
        cron = await self._checked_cron(caller, submission)
        await self._definitions.put(definition)
        workflow = await self._stored(workflow, caller)
        if cron is not None:
            return Submitted(workflow, schedule=await self._schedules.create(_schedule(workflow, cron, caller)))
        if submission.trigger_type is TriggerType.WEBHOOK:
            webhook_id = first_webhook_id(workflow.workflow_id)
            return Submitted(workflow, webhook=await self._create_webhook.for_workflow(workflow, caller, webhook_id))
        job = await self._jobs.submit(_job(workflow, caller, traceparent))
        return Submitted(workflow, job_id=job.job_id)

    def _build(self, caller: Identity, workflow_id: str, submission: Submission) -> tuple[Workflow, Definition]:
        n_nodes = count_nodes(submission.workflow_json)
        check_nesting("workflow_json", submission.workflow_json)
        check_nesting("metadata", dict(submission.metadata))
        metadata = msgspec.json.encode(submission.metadata)
        check_metadata_size(len(metadata))
        definition = definition_of(caller.tenant_id, submission.workflow_json)
        n_bytes = len(definition.text.encode())
        check_size(n_bytes)
        now_ms = self._clock.now_ms()
        version = WorkflowVersion(
            definition_id=definition.definition_id,
            created_ms=now_ms,
            created_by=caller.subject,
            n_nodes=n_nodes,
            n_bytes=n_bytes,
        )
        workflow = Workflow(
            workflow_id=workflow_id,
            tenant_id=caller.tenant_id,
            version=FIRST_DOCUMENT_VERSION,
            name=submission.name,
            trigger_type=submission.trigger_type,
            execution_mode=submission.execution_mode,
            priority=submission.priority,
            description=submission.description,
            metadata_json=metadata.decode(),
            versions={str(FIRST_VERSION): version},
            created_ms=now_ms,
            updated_ms=now_ms,
        )
        return workflow, definition

    async def _checked_cron(self, caller: Identity, submission: Submission) -> str | None:
        """The cron expression of a scheduled workflow, which the scheduler takes; None for others."""
        if submission.trigger_type is not TriggerType.SCHEDULED:
            return None
        if not submission.schedule_cron:
            raise Invalid.field("schedule_cron", "is required when trigger_type is 'scheduled'")
        await self._schedules.check(caller.tenant_id, submission.schedule_cron)
        return submission.schedule_cron

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
            raise Unavailable("The workflow was being removed while it was submitted.")
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
