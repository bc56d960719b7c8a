"""The node that runs another workflow."""

import asyncio
from typing import Any, Final

from robot.errors import InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.nodes.variables import check_name
from robot.values import kind_of
from robot.workflow import decode_workflow

nodes = NodeTable()

SOURCES: Final = ("workflow", "file", "workflow_id")


@nodes.register("SubWorkflowNode", "RunWorkflowNode")
async def run_workflow(context: NodeContext) -> Outcome:
    """Runs a workflow inside this job: `workflow` (written here), a `file`, or a `workflow_id` (with `version`).

    `inputs` {variable: value} become its variables; it sees no others. What it hands back is at the port `outputs`,
    each also at a port of its own name; `outputs` {variable: name} keeps them in variables here. Its steps count with
    the job's, its nodes are told as `this node/its node`. A workflow cannot run itself, nor go deeper than 8.
    """
    given = [name for name in SOURCES if context.has(name)]
    if len(given) != 1:
        raise InvalidConfig(f"one of {', '.join(SOURCES)} says what to run")
    context.refuse_secrets("inputs")
    inputs, keep = _record(context, "inputs"), _record(context, "outputs")
    document, identity = await _document(context, given[0])
    outputs = await context.flow.call(document, inputs, identity=identity)
    for variable, name in keep.items():
        if name not in outputs:
            raise InvalidConfig(f"the workflow hands back no {name!r}, but {', '.join(outputs) or 'nothing'}")
        context.run.assign(check_name("outputs", variable), outputs[name])
    return Outcome({**outputs, "outputs": outputs})


def _record(context: NodeContext, name: str) -> dict[str, Any]:
    value = context.value(name, {})
    if not isinstance(value, dict):
        raise InvalidConfig(f"`{name}` has to be a record, not {kind_of(value)}")
    return value


async def _document(context: NodeContext, source: str) -> tuple[object, str | None]:
    if source == "workflow":
        # As it is written: its templates are about its own variables.
        return context.inputs.get("workflow", context.node.config.get("workflow")), None
    if source == "file":
        name = context.text("file")
        content = await asyncio.to_thread(context.run.files.read, name, max_bytes=context.run.limits.max_file_bytes)
        path = context.run.files.resolve(name)
        document = await asyncio.to_thread(decode_workflow, content.decode("utf-8", "replace"))
        return document, f"the file {context.run.files.shown(path)}"
    workflow_id = context.text("workflow_id")
    version = int(context.number("version", 0, least=1, most=10**9)) if context.has("version") else None
    if context.run.workflows is None:
        raise InvalidConfig("`workflow_id` needs a server that holds the workflow; use `workflow` or `file`")
    return await context.run.workflows.fetch(workflow_id, version), workflow_identity(workflow_id)


def workflow_identity(workflow_id: str) -> str:
    """Returns what a stored workflow is called among those that run each other."""
    return f"workflow {workflow_id}"
