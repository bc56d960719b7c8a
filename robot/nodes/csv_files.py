"""Nodes for CSV files.

Settings of both: `file_path`, `delimiter` (`,`) and `encoding` (utf-8; utf-8-sig is what Excel wants of a file with
letters beyond ASCII).
"""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robot.errors import FileFailed, InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.files import told
from robot.nodes.in_thread import in_thread
from robot.nodes.json_files import check_size
from robot.nodes.table import NodeTable, Outcome
from robot.nodes.text_files import append, codec_of, decoded, encoded, has_content
from robot.values import kind_of, text_of

nodes = NodeTable()

_LONGEST_HEADERS = 100_000


@nodes.register("ReadCSVNode", "csv.read")
async def read_csv(context: NodeContext) -> Outcome:
    """Reads the file's rows: records by header, or lists where `has_header` (true) is false.

    Every cell is a text; a missing one is empty. Blank lines are left out. Outputs `data`, `headers` and `row_count`.
    """
    name = context.text("file_path")
    has_header = context.flag("has_header", default=True)
    encoding, delimiter = _format(context)
    limits = context.run.limits

    def read() -> tuple[list[str], list[Any]]:
        content = context.run.files.read(name, max_bytes=limits.max_file_bytes)
        return _parse(decoded(content, encoding, name), delimiter, has_header, limits.max_rows)

    headers, rows = await in_thread(context, read)
    return Outcome({"data": rows, "headers": headers, "row_count": len(rows)})


def _format(context: NodeContext) -> tuple[str, str]:
    delimiter = context.text("delimiter", ",")
    if len(delimiter) != 1:
        raise InvalidConfig("`delimiter` is one character")
    return context.text("encoding", "utf-8"), delimiter


def _parse(text: str, delimiter: str, has_header: bool, max_rows: int) -> tuple[list[str], list[Any]]:
    # What is read is bounded already; the module's own bound is less than `csv.write` puts into a cell.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        headers = _first(reader) if has_header else []
        if len(set(headers)) < len(headers):
            raise FileFailed("two columns have the same header")
        return headers, list(_rows(reader, headers, max_rows))
    except (csv.Error, TypeError, ValueError) as error:
        raise FileFailed(f"not a CSV file: {error}") from error


def _first(reader: Iterator[list[str]]) -> list[str]:
    """The cells of the first line that is not blank."""
    return next((cells for cells in reader if cells), [])


def _rows(reader: Any, headers: list[str], max_rows: int) -> Iterator[Any]:
    count = 0
    for cells in reader:
        if not cells:
            continue
        count += 1
        if count > max_rows:
            raise FileFailed(f"the file has more than {max_rows:,} rows")
        if headers and len(cells) > len(headers):
            raise FileFailed(f"line {reader.line_num} has {len(cells)} cells for {len(headers)} columns")
        yield dict(zip(headers, cells + [""] * (len(headers) - len(cells)), strict=True)) if headers else cells


@nodes.register("WriteCSVNode", "csv.write")
async def write_csv(context: NodeContext) -> Outcome:
    """Writes `data`, a list of records (or of lists), as a CSV file, replacing it in one step.

    `headers` (the records' keys) say which columns it has, and in which order. Outputs `file_path` and `row_count`.
    With `append` (false) the rows are added to the end, records under the file's own headers where it has all theirs;
    headers are written only when the file is empty or missing.
    Cells are written as they are: a program that opens the file may take a text that begins with `=` for a formula.
    """
    name = context.text("file_path")
    rows = context.value("data")
    if not isinstance(rows, list):
        raise InvalidConfig(f"`data` has to be a list, not {kind_of(rows)}")
    encoding, delimiter = _format(context)
    headers = headers_of(context, rows)
    adds = context.flag("append", default=False)
    files, max_bytes = context.run.files, context.run.limits.max_file_bytes

    def write() -> str:
        check_size(rows, max_bytes)
        path = files.resolve(name)
        if not (adds and has_content(path)):
            content = encoded(_written(headers, rows, delimiter, with_headers=True), encoding)
            return files.shown(files.write(name, content))
        with told(f"read {name!r}"):
            order = headers if context.value("headers") else _order(path, headers, encoding, delimiter)
            line_end = "" if _ends_line(path, encoding) else "\n"
        text = line_end + _written(order, rows, delimiter, with_headers=False)
        return append(files, name, encoded(text, encoding, goes_on=True), max_bytes=max_bytes)

    return Outcome({"file_path": await in_thread(context, write), "row_count": len(rows)})


def _order(path: Path, headers: list[Any], encoding: str, delimiter: str) -> list[Any]:
    """The file's own headers when it has all of these, else these: the file may have none."""
    with path.open(encoding=codec_of(encoding), errors="replace", newline="") as file:
        beginning = io.StringIO(file.read(_LONGEST_HEADERS), newline="")
    try:
        there = _first(csv.reader(beginning, delimiter=delimiter))
    except csv.Error:
        return headers
    return there if set(headers) <= set(there) else headers


def _ends_line(path: Path, encoding: str) -> bool:
    ends = [encoded(end, encoding, goes_on=True) for end in "\n\r"]
    with path.open("rb") as file:
        file.seek(-min(len(ends[0]), path.stat().st_size), os.SEEK_END)
        return file.read() in ends


def headers_of(context: NodeContext, rows: list[Any]) -> list[Any]:
    """Returns `headers`, or else the keys of the records. Raises InvalidConfig."""
    headers = context.value("headers")
    if not headers:
        return list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
    if not isinstance(headers, list) or any(isinstance(each, list | dict) for each in headers):
        raise InvalidConfig(f"`headers` has to be a list of texts, not {kind_of(headers)}")
    return headers


def _written(headers: list[Any], rows: list[Any], delimiter: str, *, with_headers: bool) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if headers and with_headers:
        writer.writerow([text_of(header) for header in headers])
    for row in rows:
        writer.writerow([text_of(cell) for cell in cells_of(row, headers)])
    return out.getvalue()


def cells_of(row: Any, headers: list[Any]) -> list[Any]:
    """Returns what a row has below these headers. Raises InvalidConfig."""
    if isinstance(row, dict):
        return [row.get(header) for header in headers]
    if isinstance(row, list):
        return row
    raise InvalidConfig(f"a row has to be a record or a list, not {kind_of(row)}")
