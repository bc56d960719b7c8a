"""Storing a workflow's file: as a new workflow, or as a new version of the one it belongs to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from casare._calls import encode_json
from cli.client.api import Answer, Api, segment
from cli.client.workflow_names import named, only
from cli.failures import CommandFailed, NotThere, ServerUnavailable
from cli.output import note
from cli.views.steps import steps
from cli.workflow_file import WorkflowFile, read_workflow

CREATED: Final = "created"
CHANGED: Final = "new version"
UNCHANGED: Final = "unchanged"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file goes: to `workflow_id`, else to the workflow of its name; the rest is for a new one."""

    name: str | None = None
    workflow_id: str | None = None
    priority: int = 10
    execution_mode: str = "lan"


def push_file(api: Api, file: Path, target: Target) -> Answer:
    """What became of the file: `outcome`, `workflow_id`, `workflow_name`, `version`. Raises what `api` raises.

    Raises UsageProblem when the file is no workflow, or several workflows are called like it.
    """
    workflow = read_workflow(file, name=target.name, assignments=())
    current = _current(api, workflow, target)
    stored = _create(api, workflow, target) if current is None else _change(api, workflow, target, current)
    return {"file": str(file), **stored}


def run_pushed(api: Api, pushed: Answer) -> Answer:
    """`pushed` with the job that runs it."""
    job = api.create("/jobs", {"workflow_id": pushed["workflow_id"], "version": pushed["version"]})
    return {**pushed, "job_id": job.get("job_id")}


def _current(api: Api, workflow: WorkflowFile, target: Target) -> Answer | None:
    """The workflow that the file is a version of; None when it is a new one."""
    if target.workflow_id is not None:
        versions = api.get(f"/workflows/{segment(target.workflow_id)}/versions")
        return {"workflow_id": target.workflow_id, "version": versions.get("current_version")}
    found = named(api, workflow.name)
    return only(found, workflow.name) if found else None


def _create(api: Api, workflow: WorkflowFile, target: Target) -> Answer:
    """Stored without running: only a workflow for a webhook waits, so it is made with one, which is then removed."""
    body = {
        **workflow.body(),
        "trigger_type": "webhook",
        "priority": target.priority,
        "execution_mode": target.execution_mode,
    }
    created = _send(api, None, body, workflow.name)
    workflow_id = str(created["workflow_id"])
    if created.get("webhook_id"):
        _remove_webhook(api, workflow_id, str(created["webhook_id"]))
    return {"outcome": CREATED, "workflow_id": workflow_id, "workflow_name": workflow.name, "version": 1}


def _change(api: Api, workflow: WorkflowFile, target: Target, current: Answer) -> Answer:
    body: dict[str, Any] = {"workflow_json": workflow.definition, "expected_version": current["version"]}
    if target.name is not None:
        body["workflow_name"] = workflow.name
    if metadata := workflow.body()["metadata"]:
        body["metadata"] = metadata
    try:
        stored = _send(api, str(current["workflow_id"]), body, workflow.name)
    except CommandFailed as refusal:
        if refusal.code != "WORKFLOW_VERSION_CONFLICT":
            raise
        advice = f"See what changed, then push again: casare workflow diff {current['workflow_id']}"
        raise CommandFailed(f"Somebody else has just changed {workflow.name}.", advice=advice) from refusal
    return {
        "outcome": UNCHANGED if stored.get("version") == current["version"] else CHANGED,
        "workflow_id": stored.get("workflow_id"),
        "workflow_name": stored.get("workflow_name"),
        "version": stored.get("version"),
    }


def _send(api: Api, workflow_id: str | None, body: dict[str, Any], name: str) -> Answer:
    """The answer; what is large is seen to go."""
    content = encode_json(body)
    with steps(name, in_bytes=True, quiet=True) as shown:

        def sent(n_bytes: int) -> None:
            shown.at(n_bytes, len(content))

        if workflow_id is None:
            return api.create_large("/workflows", content, sent)
        return api.replace_large(f"/workflows/{segment(workflow_id)}", content, sent)


def _remove_webhook(api: Api, workflow_id: str, webhook_id: str) -> None:
    try:
        api.delete(f"/workflows/{segment(workflow_id)}/webhooks/{segment(webhook_id)}")
    except NotThere:
        pass  # an earlier try, whose answer was lost, has removed it
    except ServerUnavailable:
        note(f"Its webhook is left; remove it: casare webhook delete {workflow_id} {webhook_id}")
