"""Nodes that shape texts. What arrives has to be a text; nothing here fails but for its settings (INVALID_CONFIG)."""

import re
import unicodedata
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from robot.errors import InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.json_files import check_size
from robot.nodes.table import NodeTable, Outcome
from robot.templates import MAX_TEXT, resolve
from robot.values import kind_of, text_of

nodes = NodeTable()

_RUNS = re.compile(r"\d+|[^\W\d_]+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_GROUPS = re.compile(r"[+-]?\d{1,3}(?:X\d{2,3})*X\d{3}", re.ASCII)
MAX_DIGITS = 100


def _words(text: str) -> Iterator[str]:
    """The words in lower case: `HTTPServer2` has http, server and 2."""
    for run in _RUNS.findall(unicodedata.normalize("NFC", text)):
        start = 0
        for place in range(1, len(run)):
            if run[place].isupper() and (not run[place - 1].isupper() or run[place + 1 : place + 2].islower()):
                yield run[start:place].lower()
                start = place
        yield run[start:].lower()


def _snake(text: str) -> str:
    return "_".join(_words(text))


def _camel(text: str) -> str:
    words = list(_words(text))
    return "".join(words[:1] + [word.capitalize() for word in words[1:]])


_CASES: Mapping[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "sentence": str.capitalize,
    "swap": str.swapcase,
    "fold": str.casefold,
    "snake": _snake,
    "kebab": lambda text: _snake(text).replace("_", "-"),
    "camel": _camel,
}


def _text(context: NodeContext, name: str = "text") -> str:
    value = context.value(name, "")
    if not isinstance(value, str):
        raise InvalidConfig(f"`{name}` has to be a text, not {kind_of(value)}")
    return value


@nodes.register("text.case")
async def change_case(context: NodeContext) -> Outcome:
    """Puts `text` into `case`: upper, lower, title, sentence, swap, fold, snake, kebab or camel. Outputs `text`."""
    case = context.text("case")
    if case not in _CASES:
        raise InvalidConfig(f"`case` is one of {', '.join(_CASES)}")
    return Outcome({"text": _CASES[case](_text(context))})


@nodes.register("text.trim")
async def trim(context: NodeContext) -> Outcome:
    """Takes white space, or any of `characters`, from the `side` (both, start or end) of the `text`.

    `collapse` (false) makes one space of each run of white space inside. Outputs `text`.
    """
    text, side = _text(context), context.text("side", "both")
    characters = context.text("characters") if context.value("characters") is not None else None
    strips: Mapping[str, Callable[[str, str | None], str]] = {
        "both": str.strip,
        "start": str.lstrip,
        "end": str.rstrip,
    }
    if side not in strips:
        raise InvalidConfig("`side` is both, start or end")
    text = strips[side](text, characters)
    return Outcome({"text": re.sub(r"\s+", " ", text) if context.flag("collapse", default=False) else text})


@nodes.register("text.join")
async def join(context: NodeContext) -> Outcome:
    """Joins the `items` of a list, as people read them, with `separator` (`, `) between. Outputs `text`, `count`."""
    items, separator = context.value("items"), _text(context, "separator") if context.has("separator") else ", "
    if not isinstance(items, list):
        raise InvalidConfig(f"`items` has to be a list, not {kind_of(items)}")
    check_size(items, context.run.limits.max_file_bytes)
    if len(separator) * len(items) > context.run.limits.max_file_bytes:
        raise InvalidConfig("the text would become too large")
    return Outcome({"text": separator.join(text_of(item) for item in items), "count": len(items)})


@nodes.register("text.template")
async def fill_template(context: NodeContext) -> Outcome:
    """Fills the `{{name}}` of a template: the file's text that arrives by wire, say, which no setting resolves.

    `template`, and `values`, a record that wins over the variables of the same name. Outputs `text`. A name that is
    nowhere is UNDEFINED_VARIABLE.
    """
    template, values = _text(context, "template"), context.value("values", {})
    if not isinstance(values, dict):
        raise InvalidConfig(f"`values` has to be a record, not {kind_of(values)}")
    if len(template) > MAX_TEXT:
        raise InvalidConfig(f"`template` has at most {MAX_TEXT:,} characters")
    return Outcome({"text": text_of(resolve(template, ChainMap(values, context.run.variables)))})


@nodes.register("text.parse_number")
async def parse_number(context: NodeContext) -> Outcome:
    """Reads the number in `text` as people write it: `1.234,50 €` with `decimal_separator` `,`.

    `decimal_separator` (`.`), `thousands_separator` (the other of `.` and `,`; spaces and apostrophes are thousands
    separators always), `as` (decimal, integer or float). A sign may stand before, a percent or currency sign at either
    end, and brackets mean less than nothing. Without a number, `default` is the `value` if it is given, else the node
    fails. Outputs `value` and `is_number`.
    """
    text, kind = text_of(context.value("text", "")), context.text("as", "decimal")
    if kind not in {"decimal", "integer", "float"}:
        raise InvalidConfig("`as` is decimal, integer or float")
    point = context.text("decimal_separator", ".")
    group = context.text("thousands_separator", "." if point == "," else ",")
    if len(point) != 1 or len(group) != 1 or point == group:
        raise InvalidConfig("`decimal_separator` and `thousands_separator` are one character each, and differ")
    number = _number(text, point, group)
    if number is None or (kind == "integer" and number != number.to_integral_value()):
        if not context.has("default"):
            raise InvalidConfig(f"`text` does not hold a number written so ({len(text)} characters)")
        return Outcome({"value": context.value("default"), "is_number": False})
    value = {"decimal": number, "integer": int(number), "float": float(number)}[kind]
    return Outcome({"value": value, "is_number": True})


def _number(text: str, point: str, group: str) -> Decimal | None:
    """Returns the number, or None."""
    text = text.strip()
    negative = text.startswith("(") and text.endswith(")")
    text = text.strip("()").strip("%$€£¥ \u00a0\u202f").replace("\u2212", "-")
    whole, _, rest = text.partition(point)
    for separator in ("'", "’", " ", "\u00a0", "\u202f"):
        whole = whole.replace(separator, group)
    if group in whole and _GROUPS.fullmatch(whole.replace(group, "X")) is None:
        return None
    plain = whole.replace(group, "") + (f".{rest}" if rest else "")
    if len(plain) > MAX_DIGITS or _NUMBER.fullmatch(plain) is None:
        return None
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return -number if negative else number
