"""Nodes for JSON files."""

from decimal import Decimal

import msgspec

from robot.errors import FileFailed, InvalidConfig, ResultTooLarge
from robot.nodes.context import NodeContext
from robot.nodes.in_thread import in_thread
from robot.nodes.table import NodeTable, Outcome
from robot.values import Decimals, ValueTooLarge, encode_json, size_of

nodes = NodeTable()

MAX_EXPONENT = 1_000


def check_size(value: object, max_bytes: int) -> None:
    """Raises ResultTooLarge for a value that would become a file of more than `max_bytes`."""
    try:
        size_of(value, max_bytes)
    except ValueTooLarge as error:
        raise ResultTooLarge(f"too large to be written: {error}") from error


@nodes.register("WriteJSONNode", "WriteJSONFileNode", "json.write")
async def write_json(context: NodeContext) -> Outcome:
    """Writes `data` as the JSON file `file_path`, replacing it in one step.

    Decimals keep all their digits, by `decimals` as a string (default) or number. `indent` (2; 0: all in one line).
    Outputs `file_path` and `size_bytes`.
    """
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

    path, size_bytes = await in_thread(context, write)
    return Outcome({"file_path": path, "size_bytes": size_bytes})


def _decimals(context: NodeContext) -> Decimals:
    value = context.text("decimals", "string")
    if value == "number":
        return "number"
    if value == "string":
        return "string"
    raise InvalidConfig("`decimals` is string or number")


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if number.is_finite() and abs(number.adjusted()) > MAX_EXPONENT:
        # In full, as people read it, it would have that many digits.
        raise ValueError(f"a number with an exponent beyond {MAX_EXPONENT:,}")
    return number


@nodes.register("ReadJSONNode", "ReadJSONFileNode", "json.read")
async def read_json(context: NodeContext) -> Outcome:
    """Reads the JSON file `file_path`. Numbers with a fraction become floats, with `exact` (false) decimals.

    Outputs `data` and `size_bytes`.
    """
    name, exact = context.text("file_path"), context.flag("exact", default=False)
    most = context.run.limits.max_file_bytes

    def read() -> Outcome:
        content = context.run.files.read(name, max_bytes=most)
        decoder = msgspec.json.Decoder(float_hook=_decimal if exact else None)
        try:
            data = decoder.decode(content.removeprefix(b"\xef\xbb\xbf"))
            size_of(data, most)
        except (msgspec.DecodeError, UnicodeError, RecursionError, ValueTooLarge) as error:
            raise FileFailed(f"{name!r} is not JSON that can be used: {error}") from error
        return Outcome({"data": data, "size_bytes": len(content)})

    return await in_thread(context, read)
