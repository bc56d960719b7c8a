"""What a submission needs, worked out before any call."""

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from casare._calls import fields
from casare.errors import ConfigurationProblem
from casare.models import WorkflowSummary

BATCH: Final = 1000

WorkflowSource = Mapping[str, Any] | os.PathLike[str] | str | WorkflowSummary
"""A definition, a file, the id of a stored workflow (or a path that ends with `.json`), or a stored workflow."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a stored workflow, for `submit_batch`. What is None is the server's or the workflow's default."""

    workflow: str | WorkflowSummary
    variables: Mapping[str, Any] | None = None
    priority: int | None = None
    version: int | None = None
    environment: str | None = None
    execution_mode: str | None = None
    required_capabilities: Sequence[str] | None = None
    required_tags: Sequence[str] | None = None
    robot_id: str | None = None
    run_at: datetime | None = None
    deadline_at: datetime | None = None
    timeout_seconds: int | None = None
    max_attempts: int | None = None

    def body(self) -> dict[str, Any]:
        """As the server takes it."""
        given = {each.name: getattr(self, each.name) for each in dataclasses.fields(self) if each.name != "workflow"}
        return {"workflow_id": workflow_id_of(self.workflow), **fields(**given)}


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow to submit, with the name it is submitted under."""

    name: str
    workflow_json: Mapping[str, Any] = field(repr=False)

    def body(self) -> dict[str, Any]:
        """The fields of a submission that come from the definition."""
        return {"workflow_name": self.name, "workflow_json": self.workflow_json, "metadata": self._described()}

    def changes(self, *, renamed: bool) -> dict[str, Any]:
        """The fields of a new version; the workflow keeps its name unless it is `renamed`, and what it is described as
        unless the definition says something else."""
        name = {"workflow_name": self.name} if renamed else {}
        described = self._described()
        return {"workflow_json": self.workflow_json, **name, **({"metadata": described} if described else {})}

    def _described(self) -> dict[str, str]:
        description = _metadata(self.workflow_json).get("description")
        return {"description": description} if isinstance(description, str) else {}


def workflow_id_of(workflow: str | WorkflowSummary) -> str:
    """The id of a stored workflow."""
    return workflow.workflow_id if isinstance(workflow, WorkflowSummary) else workflow


def is_stored(workflow: WorkflowSource) -> bool:
    """Whether the source names a workflow that the server has."""
    return isinstance(workflow, WorkflowSummary) or (isinstance(workflow, str) and not workflow.endswith(".json"))


def definition_of(workflow: WorkflowSource, name: str | None) -> Definition:
    """The definition in a mapping or in a file. Raises ConfigurationProblem when there is none."""
    if isinstance(workflow, WorkflowSummary):
        raise ConfigurationProblem("A definition is needed, not a stored workflow.")
    document = workflow if isinstance(workflow, Mapping) else _read(Path(workflow))
    named = name or _metadata(document).get("name")
    fallback = "workflow" if isinstance(workflow, Mapping) else Path(workflow).stem
    return Definition(named if isinstance(named, str) and named else fallback, document)


def with_variables(definition: Definition, variables: Mapping[str, Any] | None) -> Definition:
    """The definition with these values as its own: a submission has no other place for them."""
    if not variables:
        return definition
    own = definition.workflow_json.get("variables")
    if own is not None and not isinstance(own, Mapping):
        raise ConfigurationProblem("The definition's `variables` is not an object.")
    return Definition(definition.name, {**definition.workflow_json, "variables": {**(own or {}), **variables}})


def batches(runs: Sequence[Run], key: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The body and the idempotency key of each call."""
    for number, start in enumerate(range(0, len(runs), BATCH)):
        body = {"jobs": [run.body() for run in runs[start : start + BATCH]]}
        yield body, key if len(runs) <= BATCH else f"{key}-{number}"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8-sig"), parse_constant=_refuse)
    except OSError as error:
        raise ConfigurationProblem(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationProblem(f"{path} is not JSON: {error}.") from error
    if not isinstance(document, dict) or "nodes" not in document:
        raise ConfigurationProblem(f"{path} is no workflow: that is a JSON object with `nodes`.")
    return document


def _metadata(document: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = document.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is none of its numbers")
