"""Workflows and their webhooks: `client.workflows`, `client.webhooks`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from casare._address import segment
from casare._async.pages import each_by_number
from casare._async.session import AsyncSession
from casare._calls import create, delete, fields, get, put
from casare._submitting import Definition, WorkflowSource, definition_of
from casare.errors import NotFound
from casare.models import Model, NewWebhook, Submission, Webhook, Workflow, WorkflowSummary, WorkflowVersion
from casare.models.workflows import Versions, WebhookList, WorkflowPage


class AsyncWorkflows:
    """Stores, reads and deletes workflows."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def push(
        self,
        workflow: WorkflowSource,
        *,
        name: str | None = None,
        workflow_id: str | None = None,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> Workflow:
        """The workflow, stored without running it: a new version of `workflow_id`, else of the newest workflow that is
        called `name`, else a new workflow. An equal definition makes no version.

        With `expected_version`, raises Conflict when somebody else has pushed meanwhile. Two first pushes of one name
        at the same time make two workflows.
        """
        definition = definition_of(workflow, name)
        known = workflow_id or await self._id_of(definition.name)
        if known is None:
            return await self.get(await self._store(definition, idempotency_key))
        body = definition.changes(renamed=name is not None) | fields(expected_version=expected_version)
        return await self._session.call(put(f"/workflows/{segment(known)}", Workflow, body))

    async def get(self, workflow_id: str, *, version: int | None = None) -> Workflow:
        """The workflow with the definition of its current or another version. Raises NotFound."""
        return await self._session.call(get(f"/workflows/{segment(workflow_id)}", Workflow, {"version": version}))

    def list(self, *, search: str | None = None, page_size: int = 100) -> AsyncIterator[WorkflowSummary]:
        """Workflows whose name contains `search`, in whatever case, newest first."""
        params = {"search": search, "limit": page_size}
        return each_by_number(self._session, "/workflows", WorkflowPage, params)

    async def versions(self, workflow_id: str) -> Sequence[WorkflowVersion]:
        """All versions. Raises NotFound."""
        return (await self._session.call(get(f"/workflows/{segment(workflow_id)}/versions", Versions))).versions

    async def delete(self, workflow_id: str) -> None:
        """Removes it with its schedules and webhooks; its pending jobs are cancelled. Raises NotFound."""
        await self._session.call(delete(f"/workflows/{segment(workflow_id)}", Model))

    async def _id_of(self, name: str) -> str | None:
        async for found in self.list(search=name):
            if found.workflow_name == name:
                return found.workflow_id
        return None

    async def _store(self, definition: Definition, key: str | None) -> str:
        """A submission either runs, or waits for a schedule or a webhook: this one's webhook is not needed."""
        body = {**definition.body(), "trigger_type": "webhook"}
        submission = await self._session.call(create("/workflows", Submission, body, key))
        if submission.webhook_id is not None:
            path = f"/workflows/{segment(submission.workflow_id)}/webhooks/{segment(submission.webhook_id)}"
            with suppress(NotFound):  # an earlier try, whose answer was lost, has removed it
                await self._session.call(delete(path, Model))
        return submission.workflow_id


class AsyncWebhooks:
    """URLs whose signed deliveries start a workflow. `casare.webhooks` signs them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def create(
        self,
        workflow_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        priority: int | None = None,
        environment: str | None = None,
        execution_mode: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewWebhook:
        """A webhook and its `secret`, which is shown only this once. Raises NotFound."""
        body = fields(
            name=name,
            description=description,
            priority=priority,
            environment=environment,
            execution_mode=execution_mode,
        )
        path = f"/workflows/{segment(workflow_id)}/webhooks"
        return await self._session.call(create(path, NewWebhook, body, idempotency_key))

    async def list(self, workflow_id: str) -> Sequence[Webhook]:
        """The webhooks of a workflow. Raises NotFound."""
        return (await self._session.call(get(f"/workflows/{segment(workflow_id)}/webhooks", WebhookList))).webhooks

    async def delete(self, workflow_id: str, webhook_id: str) -> None:
        """Its deliveries are refused from now on. Raises NotFound."""
        path = f"/workflows/{segment(workflow_id)}/webhooks/{segment(webhook_id)}"
        await self._session.call(delete(path, Model))
