"""From what the caller sent to what may be stored: checked, counted, named by its content."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from services.workflows.domain.compact_json import JsonText, NestedTooDeep, check_levels, size_of
from services.workflows.domain.document import read_document
from services.workflows.domain.limits import MAX_LEVELS, check_metadata_size, too_deep
from services.workflows.domain.workflow import WorkflowVersion
from shared.jobs import Definition
from shared.jobs.definitions import definition_of_text
from shared.kernel.identity import Identity
from shared.kernel.tasks import off_loop


class Prepared(NamedTuple):
    """A definition, and the version that it makes."""

    definition: Definition
    version: WorkflowVersion


async def prepare_definition(caller: Identity, workflow_json: JsonText, now_ms: int) -> Prepared:
    """The checked definition; a large one is read off the event loop. Raises `InvalidWorkflow`, `WorkflowTooLarge`."""
    return await off_loop(size_of(workflow_json), _prepare, caller, workflow_json, now_ms)


def checked_metadata(metadata: Mapping[str, Any]) -> str:
    """The metadata's JSON text. Raises `InvalidWorkflow` when they are nested too deep or too large."""
    try:
        check_levels(dict(metadata), MAX_LEVELS)
    except NestedTooDeep as error:
        raise too_deep("metadata") from error
    text = msgspec.json.encode(metadata)
    check_metadata_size(len(text))
    return text.decode()


def _prepare(caller: Identity, workflow_json: JsonText, now_ms: int) -> Prepared:
    document = read_document(workflow_json)
    definition = definition_of_text(caller.tenant_id, document.text)
    version = WorkflowVersion(
        definition_id=definition.definition_id,
        created_ms=now_ms,
        created_by=caller.subject,
        n_nodes=document.n_nodes,
        n_bytes=len(document.text),
    )
    return Prepared(definition, version)
