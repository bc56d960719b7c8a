"""Nodes with regular expressions, in Python's syntax (`re`).

Settings of all: `text`, `pattern`, `flags` (a list of ignore_case, multiline, dot_all, ascii), `timeout_seconds` (5, at
most 60). A pattern that takes longer is stopped: PATTERN_TIMEOUT, not worth a retry.
"""

from typing import Any

from robot.errors import InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.patterns.process import PatternProcess, started
from robot.values import kind_of

nodes = NodeTable()

FLAGS = ("ignore_case", "multiline", "dot_all", "ascii")
MAX_TEXT = 5_000_000
MAX_PATTERN = 10_000


@nodes.register("text.match")
async def match(context: NodeContext) -> Outcome:
    """Looks for the first place where the pattern matches; with `full` (false) it has to match all of the text.

    Outputs `matched`, `match`, `groups` (a list), `named` (a record), `start` and `end`; null or empty without a match.
    """
    value = await _ask(context, "first", full=context.flag("full", default=False))
    none: dict[str, Any] = {"match": None, "groups": [], "named": {}, "start": None, "end": None}
    return Outcome({"matched": value is not None, **(value or none)})


@nodes.register("text.extract")
async def extract(context: NodeContext) -> Outcome:
    """Finds every place where the pattern matches.

    Outputs `values` (of the group `group`: its name or number; without it the whole match), `matches` with match,
    groups, named, start and end, and `count`.
    """
    group = context.value("group", 0)
    found = await _ask(context, "all")
    values = [_group(each, group) for each in found]
    return Outcome({"values": values, "matches": found, "count": len(found)})


def _group(found: dict[str, Any], group: Any) -> Any:
    if isinstance(group, str) and group in found["named"]:
        return found["named"][group]
    if isinstance(group, int) and not isinstance(group, bool) and 0 <= group <= len(found["groups"]):
        return found["match"] if group == 0 else found["groups"][group - 1]
    raise InvalidConfig("`group` is the name or number of a group in the pattern")


@nodes.register("text.replace")
async def replace(context: NodeContext) -> Outcome:
    r"""Replaces each match by `replacement`, where `\1` and `\g<name>` are groups; at most `count` (0: all) of them.

    With `search` instead of `pattern`, that very text is replaced. Outputs `text` and `count`, how many were replaced.
    """
    count = int(context.number("count", 0, least=0, most=1_000_000))
    replacement = _string(context, "replacement")
    if context.has("search"):
        return _replaced_plainly(context, _string(context, "text"), context.text("search"), replacement, count)
    return Outcome(await _ask(context, "replace", replacement=replacement, count=count))


def _replaced_plainly(context: NodeContext, text: str, search: str, replacement: str, count: int) -> Outcome:
    times = text.count(search)
    times = min(times, count) if count else times
    if len(text) + times * len(replacement) > context.run.limits.max_file_bytes:
        raise InvalidConfig("the text would become too large")
    return Outcome({"text": text.replace(search, replacement, times), "count": times})


@nodes.register("text.split")
async def split(context: NodeContext) -> Outcome:
    """Splits the text at each `separator` (that very text) or each match of `pattern`; by default at white space.

    At most `count` times (0: all); `trim` (false) strips each part and `drop_empty` (false) leaves empty ones out.
    Outputs `parts` and `count`.
    """
    count = int(context.number("count", 0, least=0, most=100_000))
    if context.has("pattern"):
        parts = [part or "" for part in await _ask(context, "split", count=count)]
    else:
        separator = context.text("separator") if context.value("separator") is not None else None
        parts = _string(context, "text").split(separator, count or -1)
    if context.flag("trim", default=False):
        parts = [part.strip() for part in parts]
    if context.flag("drop_empty", default=False):
        parts = [part for part in parts if part]
    return Outcome({"parts": parts, "count": len(parts)})


def _string(context: NodeContext, name: str) -> str:
    value = context.value(name, "")
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidConfig(f"`{name}` has to be a text of at most {MAX_TEXT:,} characters, not {kind_of(value)}")
    return value


async def _ask(context: NodeContext, verb: str, **more: Any) -> Any:
    pattern, flags = context.text("pattern"), context.value("flags", [])
    if len(pattern) > MAX_PATTERN:
        raise InvalidConfig(f"`pattern` has at most {MAX_PATTERN:,} characters")
    if not isinstance(flags, list) or not all(flag in FLAGS for flag in flags):
        raise InvalidConfig(f"`flags` is a list of {', '.join(FLAGS)}")
    seconds = context.number("timeout_seconds", 5, least=0.1, most=60)
    question = {"verb": verb, "pattern": pattern, "flags": sorted(set(flags)), "text": _string(context, "text"), **more}
    process: PatternProcess = await context.run.http.resources.open("patterns", started)
    return await context.run.cancel.race(process.ask(question, seconds=seconds))
