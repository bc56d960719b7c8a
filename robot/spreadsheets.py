"""Excel workbooks, checked before a parser sees them.

A workbook is a zip archive of XML: a few kilobytes may unfold to gigabytes, and XML entities to more. What is in the
archive is bounded first, and no document type, where entities come from, is taken.
"""

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import MergedCell
from openpyxl.utils.exceptions import IllegalCharacterError, InvalidFileException

from robot.errors import FileFailed, InvalidConfig, WorkflowError
from robot.trees import DAMAGED_ARCHIVE
from robot.values import text_of

MAX_PARTS = 2_000
MAX_UNPACKED_READING = 200_000_000
MAX_UNPACKED_EDITING = 40_000_000
MAX_COLUMNS = 2_000
MAX_CELLS = 2_000_000
MAX_CELL_TEXT = 32_767
# What a double holds; Excel itself shows no more.
_EXACT_DIGITS = 15
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_DOCUMENT_TYPE = b"<!DOCTYPE"
_PROLOGUE_BYTES = 4_096

Cell = Any


def opened(content: bytes, name: str, *, editing: bool = False, formulas: bool = False) -> Workbook:
    """Returns the workbook: its rows as they pass when reading, all of it in memory for `editing`.

    Raises FileFailed for what is none, is encrypted, has macros or would unfold to too much.
    """
    _check(content, name, MAX_UNPACKED_EDITING if editing else MAX_UNPACKED_READING)
    try:
        return load_workbook(
            io.BytesIO(content), read_only=not editing, data_only=not (editing or formulas), keep_links=False
        )
    except WorkflowError:
        raise
    except (InvalidFileException, BadZipFile) as error:
        raise _unreadable(name) from error
    except Exception as error:  # the parser raises whatever a malformed part makes it raise
        raise _unreadable(name) from error


def _unreadable(name: str) -> FileFailed:
    return FileFailed(f"{name!r} is not an Excel workbook (.xlsx) that can be read")


def _check(content: bytes, name: str, most: int) -> None:
    if content.startswith(_OLD_OR_ENCRYPTED):
        raise FileFailed(
            f"{name!r} is encrypted, or in the format of before 2007 (.xls): save it as .xlsx, unprotected"
        )
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            _check_parts(archive, name, most)
    except (*DAMAGED_ARCHIVE, OSError) as error:
        raise _unreadable(name) from error


def _check_parts(archive: ZipFile, name: str, most: int) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > most:
        raise FileFailed(f"{name!r} unfolds to more than {most:,} bytes or {MAX_PARTS:,} parts")
    if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
        raise FileFailed(f"{name!r} has macros (.xlsm), which would be lost: save it as .xlsx")
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as file:
                prologue = file.read(_PROLOGUE_BYTES).replace(b"\0", b"")
            if _DOCUMENT_TYPE in prologue.upper():
                raise FileFailed(f"{name!r} declares a document type, which no program that writes workbooks does")


def value_of(cell: Cell) -> Any:
    """Returns a cell's value as JSON has it: dates and times as ISO 8601, a duration in seconds."""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if cell is None or isinstance(cell, bool | int | float | str):
        return cell
    return str(cell)


def put(sheet: Any, row: int, column: int, value: Any, *, formulas: bool) -> None:
    """Writes one cell; nothing empties it, and a text that begins with `=` is a formula only with `formulas`.

    Raises FileFailed.
    """
    cell_value = _cell_value(value)
    if isinstance(cell_value, str) and len(cell_value) > MAX_CELL_TEXT:
        raise FileFailed(f"a cell holds at most {MAX_CELL_TEXT:,} characters")
    try:
        cell = sheet.cell(row=row, column=column)
        if isinstance(cell, MergedCell):
            if cell_value is None:
                return
            raise FileFailed(f"row {row}, column {column} is part of a merged cell, which holds one value at its start")
        cell.value = cell_value
    except (IllegalCharacterError, ValueError) as error:
        raise FileFailed(f"row {row}, column {column}: a workbook cannot hold this value") from error
    if isinstance(cell_value, str) and not formulas and cell.data_type in {"f", "e"}:
        cell.data_type = "s"


def _cell_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value if len(value.as_tuple().digits) <= _EXACT_DIGITS else text_of(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**_EXACT_DIGITS:
        return text_of(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str | date | datetime):
        return value
    return text_of(value)


def names_of(cells: tuple[Cell, ...]) -> list[str]:
    """Returns the names of the columns: a missing one is `column_3`. Raises FileFailed when two are alike."""
    names = [text_of(value_of(cell)).strip() or f"column_{place}" for place, cell in enumerate(cells, 1)]
    if len(set(names)) < len(names):
        raise FileFailed("two columns have the same header")
    return names


def last_row_of(sheet: Any) -> int:
    """Returns the number of the last row that has something, 0 for none; formatting alone is nothing."""
    cells = sheet._cells.items()  # noqa: SLF001 (asking the sheet for its rows would make all their cells)
    return max((row for (row, _), cell in cells if cell.value is not None or isinstance(cell, MergedCell)), default=0)


def without_blank_end(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Returns the row up to its last cell that has something."""
    end = len(cells)
    while end and cells[end - 1] is None:
        end -= 1
    return cells[:end]


class Budget:
    """How many rows and cells may still be read."""

    def __init__(self, *, rows: int) -> None:
        self._most_rows, self._rows, self._cells = rows, rows, MAX_CELLS

    def checked(self, rows: Iterator[tuple[Cell, ...]]) -> Iterator[tuple[Cell, ...]]:
        """Yields the rows. Raises FileFailed when there are too many, blank ones before others included."""
        for cells in rows:
            self._rows -= 1
            self._cells -= len(cells)
            if self._rows < 0:
                raise FileFailed(f"the sheet has more than {self._most_rows:,} rows; name a `range`")
            if self._cells < 0 or len(cells) > MAX_COLUMNS:
                raise FileFailed(f"the sheet has more than {MAX_COLUMNS:,} columns or {MAX_CELLS:,} cells")
            yield cells


def named(headers: list[str], cells: tuple[Cell, ...]) -> dict[str, Any]:
    """Returns a row as a record. Raises FileFailed for a value in a column without a header."""
    values = [value_of(cell) for cell in cells]
    if any(value is not None for value in values[len(headers) :]):
        raise FileFailed(f"a row has {len(values)} cells for {len(headers)} columns")
    return dict(zip(headers, values + [None] * (len(headers) - len(values)), strict=False))


def sheet_of(book: Workbook, name: str | None) -> Any:
    """Returns the sheet of that name, or the first. Raises InvalidConfig, naming those there are.

    Excel takes names for the same that differ in case only.
    """
    if name is None and book.worksheets:
        return book.worksheets[0]
    for sheet in book.worksheets:
        if name is not None and sheet.title.lower() == name.lower():
            return sheet
    known = ", ".join(sheet.title for sheet in book.worksheets[:20])
    raise InvalidConfig(f"there is no sheet {name!r}; there are: {known}")
