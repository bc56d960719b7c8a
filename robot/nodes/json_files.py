"""Nodes for JSON files."""

import asyncio

from robot.errors import InvalidConfig, ResultTooLarge
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.values import Decimals, ValueTooLarge, encode_json, size_of

nodes = NodeTable()


def check_size(value: object, max_bytes: int) -> None:
    """Raises ResultTooLarge for a value that would become a file of more than `max_bytes`."""
    try:
        size_of(value, max_bytes)
    except ValueTooLarge as error:
        raise ResultTooLarge(f"too large to be written: {error}") from error


@nodes.register("WriteJSONNode", "WriteJSONFileNode")
async def write_json(context: NodeContext) -> Outcome:
    """Writes `data` as a JSON file, replacing it in one step. Decimals keep their digits, as strings or numbers."""
    name = context.text("file_path")
    if not context.has("data"):
        raise InvalidConfig("`data` is missing")
    data = context.value("data")
    indent = int(context.number("indent", 2, least=0, most=8))
    decimals = _decimals(context)

    def write() -> tuple[str, int]:
        check_size(data, context.run.limits.max_file_bytes)
        content = encode_json(data, decimals=decimals, indent=indent) + b"\n"
        return context.run.files.shown(context.run.files.write(name, content)), len(content)

    path, size_bytes = await asyncio.to_thread(write)
    return Outcome({"file_path": path, "size_bytes": size_bytes})


def _decimals(context: NodeContext) -> Decimals:
    value = context.text("decimals", "string")
    if value == "number":
        return "number"
    if value == "string":
        return "string"
    raise InvalidConfig("`decimals` is string or number")
