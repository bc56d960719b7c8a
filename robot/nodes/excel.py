"""Nodes for Excel workbooks (.xlsx).

Encrypted workbooks, those with macros (.xlsm) and the older .xls are FILE_ERROR, with what to do about it. A text that
begins with `=` is written as a text: a formula in data from elsewhere could send the sheet's other cells away when
somebody opens it. `formulas: true` lets it be one. Writing into an existing workbook keeps its other sheets, their
values, formulas and styles; drawings and pivot tables are lost.
"""

import io
import re
from typing import TYPE_CHECKING, Any

from robot.errors import FileFailed, InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.csv_files import cells_of, headers_of
from robot.nodes.in_thread import in_thread
from robot.nodes.json_files import check_size
from robot.nodes.table import NodeTable, Outcome
from robot.trees import DAMAGED_ARCHIVE
from robot.values import kind_of, text_of

if TYPE_CHECKING:
    from openpyxl import Workbook

nodes = NodeTable()

_CHECK_EVERY = 1_000
# What Excel takes.
_LONGEST_SHEET_NAME = 31
_NOT_IN_SHEET_NAMES = re.compile(r"[:\\/?*\[\]]")


@nodes.register("excel.sheets")
async def list_sheets(context: NodeContext) -> Outcome:
    """Lists the sheets of `file_path`. Outputs `sheets`, their names in order, and `count`."""
    name = context.text("file_path")

    def work() -> list[str]:
        book = _opened(context, name)
        try:
            return [sheet.title for sheet in book.worksheets]
        finally:
            book.close()

    sheets = await in_thread(context, work)
    return Outcome({"sheets": sheets, "count": len(sheets)})


@nodes.register("excel.read")
async def read(context: NodeContext) -> Outcome:
    """Reads the rows of a sheet: records by header, or lists without one.

    `sheet` (the first), `range` (all, else `B2:D100`), `header_row` (1, counted within the range; 0 for none),
    `formulas` (false: the values Excel last computed; true: the formulas). Dates become ISO 8601, blank rows are left
    out. Outputs `data`, `headers`, `row_count` and `sheet`.
    """
    name, sheet_name, area = context.text("file_path"), _optional(context, "sheet"), _optional(context, "range")
    header_row = int(context.number("header_row", 1, least=0, most=1_000))
    formulas = context.flag("formulas", default=False)

    def work() -> Outcome:
        book = _opened(context, name, formulas=formulas)
        try:
            return _rows(context, book, sheet_name, area, header_row)
        finally:
            book.close()

    return await in_thread(context, work)


def _rows(context: NodeContext, book: "Workbook", sheet_name: str | None, area: str | None, header_row: int) -> Outcome:
    from robot.spreadsheets import Budget, named, names_of, sheet_of, value_of, without_blank_end

    sheet = sheet_of(book, sheet_name)
    # The size a file claims for a sheet may be wrong.
    sheet.reset_dimensions()
    found = Budget(rows=context.run.limits.max_rows).checked(sheet.iter_rows(values_only=True, **_bounds(area)))
    headers: list[str] = []
    data: list[Any] = []
    try:
        for number, row in enumerate(found, 1):
            if number % _CHECK_EVERY == 0:
                context.run.cancel.check()
            cells = row if area else without_blank_end(row)
            if number == header_row:
                headers = names_of(cells)
            elif number > header_row and any(cell is not None for cell in cells):
                data.append(named(headers, cells) if header_row else [value_of(cell) for cell in cells])
    except (*DAMAGED_ARCHIVE, KeyError, IndexError, TypeError, SyntaxError) as error:
        raise FileFailed("the sheet cannot be read: its part of the workbook is damaged") from error
    check_size(data, context.run.limits.max_file_bytes)
    return Outcome({"data": data, "headers": headers, "row_count": len(data), "sheet": sheet.title})


def _bounds(area: str | None) -> dict[str, int | None]:
    from openpyxl.utils.cell import range_boundaries

    if area is None:
        return {}
    try:
        first_column, first_row, last_column, last_row = range_boundaries(area.upper())
    except (ValueError, TypeError) as error:
        raise InvalidConfig("`range` is written like A1:D20") from error
    return {"min_col": first_column, "min_row": first_row, "max_col": last_column, "max_row": last_row}


@nodes.register("excel.write")
async def write(context: NodeContext) -> Outcome:
    """Writes `data` (records or lists) into `sheet` (`Sheet1`) of `file_path`, at `start_cell` (`A1`).

    A workbook that is there keeps its other sheets, and this one's other cells unless `clear_sheet` (false); a new one
    has this sheet only. `headers` (the records' keys) are written above unless `write_headers` is false. The file is
    replaced in one step. Outputs `file_path`, `sheet` and `row_count`.
    """
    return await _write(context, appends=False)


@nodes.register("excel.append")
async def append(context: NodeContext) -> Outcome:
    """Adds `data` (records or lists) below the last row of `sheet` (`Sheet1`) of `file_path`, both made when missing.

    Records are put under the headers in row 1; a key without a header there is INVALID_CONFIG. Into an empty sheet
    `headers` (the records' keys) are written first. Outputs `file_path`, `sheet` and `row_count`.
    """
    return await _write(context, appends=True)


async def _write(context: NodeContext, *, appends: bool) -> Outcome:
    name, sheet_name, rows = context.text("file_path"), context.text("sheet", "Sheet1"), context.value("data")
    if not isinstance(rows, list):
        raise InvalidConfig(f"`data` has to be a list, not {kind_of(rows)}")
    if not name.lower().endswith(".xlsx"):
        raise InvalidConfig("`file_path` has to end in .xlsx")
    start = _start(context.text("start_cell", "A1"))
    headers = headers_of(context, rows)
    shows_headers = context.flag("write_headers", default=True)
    clears, formulas = context.flag("clear_sheet", default=False), context.flag("formulas", default=False)
    files, limits = context.run.files, context.run.limits

    def work() -> dict[str, Any]:
        check_size(rows, limits.max_file_bytes)
        _check_count(rows, limits.max_rows)
        book = _existing(context, name)
        sheet = _sheet(book, sheet_name, clears=clears)
        if appends:
            _append_rows(context, sheet, headers, rows, formulas)
        else:
            _put_rows(context, sheet, start, headers if shows_headers else [], headers, rows, formulas)
        content = io.BytesIO()
        book.save(content)
        path = files.write(name, content.getvalue())
        return {"file_path": files.shown(path), "sheet": sheet.title, "row_count": len(rows)}

    return Outcome(await in_thread(context, work))


def _start(cell: str) -> tuple[int, int]:
    from openpyxl.utils.cell import coordinate_to_tuple

    try:
        row, column = coordinate_to_tuple(cell.upper())
    except ValueError as error:
        raise InvalidConfig("`start_cell` is written like B3") from error
    return row, column


def _check_count(rows: list[Any], most: int) -> None:
    from robot.spreadsheets import MAX_CELLS

    if len(rows) > most or sum(len(row) for row in rows if isinstance(row, dict | list)) > MAX_CELLS:
        raise FileFailed(f"a workbook is written with at most {most:,} rows and {MAX_CELLS:,} cells at once")


def _existing(context: NodeContext, name: str) -> "Workbook":
    from openpyxl import Workbook

    if context.run.files.resolve(name).exists():
        return _opened(context, name, editing=True)
    book = Workbook()
    book.remove(book.worksheets[0])
    return book


def _opened(context: NodeContext, name: str, *, editing: bool = False, formulas: bool = False) -> "Workbook":
    from robot.spreadsheets import opened

    content = context.run.files.read(name, max_bytes=context.run.limits.max_file_bytes)
    return opened(content, name, editing=editing, formulas=formulas)


def _sheet(book: "Workbook", name: str, *, clears: bool) -> Any:
    for place, sheet in enumerate(book.worksheets):
        if sheet.title.lower() == name.lower():
            if not clears:
                return sheet
            book.remove(sheet)
            return book.create_sheet(sheet.title, place)
    if len(name) > _LONGEST_SHEET_NAME or _NOT_IN_SHEET_NAMES.search(name):
        raise InvalidConfig("`sheet` has at most 31 characters and none of : \\ / ? * [ ]")
    return book.create_sheet(name)


def _append_rows(context: NodeContext, sheet: Any, headers: list[Any], rows: list[Any], formulas: bool) -> None:
    from robot.spreadsheets import last_row_of, without_blank_end

    first = without_blank_end(next(sheet.iter_rows(min_row=1, max_row=1, values_only=True), ()))
    last_row = last_row_of(sheet)
    if last_row == 0:
        _put_rows(context, sheet, (1, 1), headers, headers, rows, formulas)
        return
    known = [text_of(cell) for cell in first]
    missing = [text_of(key) for row in rows if isinstance(row, dict) for key in row if text_of(key) not in known]
    if missing:
        raise InvalidConfig(f"the sheet has no column {missing[0][:100]!r}")
    _put_rows(context, sheet, (last_row + 1, 1), [], known, rows, formulas)


def _put_rows(
    context: NodeContext,
    sheet: Any,
    start: tuple[int, int],
    shown_headers: list[Any],
    headers: list[Any],
    rows: list[Any],
    formulas: bool,
) -> None:
    from robot.spreadsheets import put

    first_row, first_column = start
    lines = [shown_headers, *rows] if shown_headers else rows
    for row_number, row in enumerate(lines, first_row):
        if row_number % _CHECK_EVERY == 0:
            context.run.cancel.check()
        for column, value in enumerate(cells_of(row, headers), first_column):
            put(sheet, row_number, column, value, formulas=formulas)


def _optional(context: NodeContext, name: str) -> str | None:
    return context.text(name) if context.value(name) is not None else None
