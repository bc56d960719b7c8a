"""Nodes for CSV files."""

import asyncio
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robot.errors import FileFailed, InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.json_files import check_size
from robot.nodes.table import NodeTable, Outcome
from robot.nodes.text_files import append, decoded, encoded
from robot.values import kind_of, text_of

nodes = NodeTable()


@nodes.register("ReadCSVNode", "csv.read")
async def read_csv(context: NodeContext) -> Outcome:
    """Reads the file's rows: records by header, or lists without one. Every cell is a text; a missing one is empty."""
    name = context.text("file_path")
    has_header = context.flag("has_header", default=True)
    encoding, delimiter = _format(context)
    limits = context.run.limits

    def read() -> tuple[list[str], list[Any]]:
        content = context.run.files.read(name, max_bytes=limits.max_file_bytes)
        return _parse(decoded(content, encoding, name), delimiter, has_header, limits.max_rows)

    headers, rows = await asyncio.to_thread(read)
    return Outcome({"data": rows, "headers": headers, "row_count": len(rows)})


def _format(context: NodeContext) -> tuple[str, str]:
    delimiter = context.text("delimiter", ",")
    if len(delimiter) != 1:
        raise InvalidConfig("`delimiter` is one character")
    return context.text("encoding", "utf-8"), delimiter


def _parse(text: str, delimiter: str, has_header: bool, max_rows: int) -> tuple[list[str], list[Any]]:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        headers = next(reader, []) if has_header else []
        if len(set(headers)) < len(headers):
            raise FileFailed("two columns have the same header")
        return headers, list(_rows(reader, headers, max_rows))
    except (csv.Error, TypeError, ValueError) as error:
        raise FileFailed(f"not a CSV file: {error}") from error


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
    """Writes a list of records (or of lists) as a CSV file, replacing it in one step.

    With `append` (false) the rows are added to the end; the headers are written only when the file is empty or missing.
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
        begun = adds and _has_content(files.resolve(name))
        content = encoded(_written(headers, rows, delimiter, with_headers=not begun), encoding)
        return append(files, name, content, max_bytes=max_bytes) if begun else files.shown(files.write(name, content))

    return Outcome({"file_path": await asyncio.to_thread(write), "row_count": len(rows)})


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


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
