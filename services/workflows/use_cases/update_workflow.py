"""Give a workflow a new version, another name or other metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.workflows.domain.compact_json import JsonText
from services.workflows.domain.workflow import Revision, Workflow, revised
from services.workflows.ports import Definitions, Folder, Workflows
from services.workflows.use_cases.find_workflow import find_workflow
from services.workflows.use_cases.get_workflow import DefinedWorkflow
from services.workflows.use_cases.prepare_workflow import checked_metadata, prepare_definition
from shared.events.workflows import WorkflowUpdated
from shared.jobs import Definition
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict
from shared.kernel.identity import Identity

ATTEMPTS: Final = 20
"""Of several that change a workflow at once one wins each time."""


class WorkflowKeepsChanging(Conflict):
    """Others change the workflow too often at the moment."""

    code = "WORKFLOW_KEEPS_CHANGING"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowChange:
    """What the caller sent; None leaves a part as it is."""

    workflow_json: JsonText
    name: str | None
    metadata: Mapping[str, Any] | None
    description: str | None
    expected_version: int | None


class UpdateWorkflow:
    """Stores the definition, then the version with its event in one guarded write.

    Versions are never changed, and jobs name the one they run, so nothing that was submitted before runs differently.
    Two at once make two versions, in the order the store takes them. A process that dies before the last write has
    changed nothing; a repeat after it finds its definition current and changes nothing either.
    """

    def __init__(self, workflows: Workflows, definitions: Definitions, folder: Folder, clock: Clock) -> None:
        self._workflows = workflows
        self._definitions = definitions
        self._folder = folder
        self._clock = clock

    async def __call__(self, *, caller: Identity, workflow_id: str, change: WorkflowChange) -> DefinedWorkflow:
        """The workflow after the change.

        Raises `Invalid`, `TooLarge`, `WorkflowNotFound`, `VersionConflict`, `TooManyVersions`,
        `WorkflowKeepsChanging`, `Unavailable`.
        """
        await find_workflow(self._workflows, caller, workflow_id)
        metadata_json = None if change.metadata is None else checked_metadata(change.metadata)
        definition, version = await prepare_definition(caller, change.workflow_json, self._clock.now_ms())
        revision = Revision(
            version=version,
            name=change.name,
            metadata_json=metadata_json,
            description=change.description,
            expected_version=change.expected_version,
        )
        for _ in range(ATTEMPTS):
            before = await find_workflow(self._workflows, caller, workflow_id)
            after = revised(before, revision)
            if after is before or await self._saved(before, after, definition, caller):
                return DefinedWorkflow(after, after.current_version, definition.text)
        raise WorkflowKeepsChanging("The workflow is being changed by others; try again.")

    async def _saved(self, before: Workflow, after: Workflow, definition: Definition, caller: Identity) -> bool:
        event = WorkflowUpdated(
            workflow_id=after.workflow_id,
            workflow_name=after.name,
            version=after.current_version,
            updated_by=caller.subject,
        )
        if after.current_version == before.current_version:
            return await self._workflows.save(before, after, event)
        copy = await self._folder.write(after.tenant_id, after.workflow_id, after.current_version, definition.text)
        saved = False
        try:
            await self._definitions.put(definition)
            saved = await self._workflows.save(before, after, event)
        finally:
            await (copy.keep() if saved else copy.discard())
        return saved
