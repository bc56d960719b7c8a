import io
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from tests.component.robot_nodes.damage import damage
from tests.component.robot_nodes.steps import Steps

DAY = datetime(2026, 3, 31)  # noqa: DTZ001 (a workbook knows no time zones)


def _book(path: Path, **sheets: list[list[Any]]) -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def _cells(path: Path, sheet: str) -> list[list[Any]]:
    return [list(row) for row in load_workbook(path)[sheet].iter_rows(values_only=True)]


async def test_a_sheet_becomes_records_with_dates_in_iso(steps: Steps, tmp_path: Path) -> None:
    moments = [DAY, DAY + timedelta(hours=9.5), time(9, 30), timedelta(hours=1)]
    rows: list[list[Any]] = [
        ["n", "day", "moment", "clock", "length", None],
        [1.5, *moments, None],
        [None] * 6,
        [True, "x"],
    ]
    _book(tmp_path / "a.xlsx", First=rows, Second=[])
    outputs = await steps.run("excel.read", file_path="a.xlsx")
    assert outputs["headers"] == ["n", "day", "moment", "clock", "length"]
    assert outputs["data"] == [
        {"n": 1.5, "day": "2026-03-31", "moment": "2026-03-31T09:30:00", "clock": "09:30:00", "length": 3600.0},
        {"n": True, "day": "x", "moment": None, "clock": None, "length": None},
    ]
    assert (outputs["row_count"], outputs["sheet"]) == (2, "First")
    assert await steps.run("excel.sheets", file_path="a.xlsx") == {"sheets": ["First", "Second"], "count": 2}


async def test_a_range_and_a_header_row_choose_what_is_read(steps: Steps, tmp_path: Path) -> None:
    _book(tmp_path / "a.xlsx", S=[["title"], [], ["x", "a", "b", "c"], [0, 1, 2, 3], [0, 4, 5, 6], ["end"]])
    outputs = await steps.run("excel.read", file_path="a.xlsx", sheet="S", range="b3:C5")
    assert outputs["data"] == [{"a": 1, "b": 2}, {"a": 4, "b": 5}]
    outputs = await steps.run("excel.read", file_path="a.xlsx", header_row=3)
    assert outputs["data"][0] == {"x": 0, "a": 1, "b": 2, "c": 3}
    outputs = await steps.run("excel.read", file_path="a.xlsx", header_row=0, range="A4:B4")
    assert outputs["data"] == [[0, 1]]


async def test_rows_are_written_and_the_rest_of_the_book_stays(steps: Steps, tmp_path: Path) -> None:
    _book(tmp_path / "a.xlsx", Old=[["kept"]], S=[["k", None, "stays"], [None, "old"]])
    data = [{"a": 1, "b": "=1+1"}, {"a": "2026-03-31", "b": [1]}]
    await steps.run("excel.write", file_path="a.xlsx", sheet="S", start_cell="A2", data=data)
    assert _cells(tmp_path / "a.xlsx", "Old") == [["kept"]]
    assert _cells(tmp_path / "a.xlsx", "S") == [
        ["k", None, "stays"],
        ["a", "b", None],
        [1, "=1+1", None],
        ["2026-03-31", "[1]", None],
    ]
    assert load_workbook(tmp_path / "a.xlsx")["S"]["B3"].data_type == "s"
    await steps.run("excel.write", file_path="a.xlsx", sheet="S", data=[[1]], clear_sheet=True)
    assert _cells(tmp_path / "a.xlsx", "S") == [[1]]
    await steps.run("excel.write", file_path="new/b.xlsx", sheet="N", data=[["=1+1"]], formulas=True)
    assert load_workbook(tmp_path / "new/b.xlsx")["N"]["A1"].data_type == "f"


async def test_rows_are_added_below_under_the_headers_there_are(steps: Steps, tmp_path: Path) -> None:
    for row in ({"a": 1, "b": 2}, {"b": 4, "a": 3}, [5, 6]):
        await steps.run("excel.append", file_path="a.xlsx", sheet="S", data=[row])
    assert _cells(tmp_path / "a.xlsx", "S") == [["a", "b"], [1, 2], [3, 4], [5, 6]]
    assert await steps.refused("excel.append", file_path="a.xlsx", sheet="S", data=[{"c": 1}]) == "INVALID_CONFIG"


async def test_rows_are_added_below_the_last_that_has_something(steps: Steps, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["a"])
    sheet["A2"].number_format = sheet["A90"].number_format = "0.00"
    sheet.merge_cells("B1:C2")
    book.save(tmp_path / "a.xlsx")
    await steps.run("excel.append", file_path="a.xlsx", sheet="Sheet", data=[{"a": 1}])
    assert _cells(tmp_path / "a.xlsx", "Sheet")[1:3] == [[None, None, None], [1, None, None]]


async def test_a_sheet_is_found_whatever_the_case_of_its_name(steps: Steps, tmp_path: Path) -> None:
    _book(tmp_path / "a.xlsx", Data=[["a"]])
    for _ in range(2):
        told = await steps.run("excel.append", file_path="a.xlsx", sheet="DATA", data=[{"a": 1}])
        assert told["sheet"] == "Data"
    assert (await steps.run("excel.read", file_path="a.xlsx", sheet="data"))["row_count"] == 2
    await steps.run("excel.write", file_path="a.xlsx", sheet="data", data=[], clear_sheet=True)
    assert (await steps.run("excel.sheets", file_path="a.xlsx"))["sheets"] == ["Data"]


async def test_a_merged_cell_takes_one_value(steps: Steps, tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].merge_cells("A1:B2")
    book.save(tmp_path / "a.xlsx")
    await steps.run("excel.write", file_path="a.xlsx", sheet="Sheet", data=[["title", None]])
    error = await steps.failure("excel.write", file_path="a.xlsx", sheet="Sheet", data=[["a", "b"]])
    assert (error.error_type, "row 1, column 2" in str(error)) == ("FILE_ERROR", True), str(error)


async def test_nothing_empties_the_cell_it_is_written_into(steps: Steps, tmp_path: Path) -> None:
    _book(tmp_path / "a.xlsx", S=[["a", "b", "c"], [1, 2, 3]])
    await steps.run("excel.write", file_path="a.xlsx", sheet="S", data=[{"a": 4, "b": None}])
    assert _cells(tmp_path / "a.xlsx", "S") == [["a", "b", "c"], [4, None, 3]]


async def test_numbers_a_cell_cannot_hold_exactly_are_texts(steps: Steps, tmp_path: Path) -> None:
    values = [Decimal("0.10"), Decimal("1234567890.1234567"), 2**60, date(2026, 3, 31)]
    types = steps.types
    await Steps(tmp_path, types=types).run_all(
        {"node_type": "excel.write", "config": {"file_path": "a.xlsx", "data": "{{rows}}"}}, rows=[values]
    )
    assert _cells(tmp_path / "a.xlsx", "Sheet1") == [[0.1, "1234567890.1234567", "1152921504606846976", DAY]]


def _repacked(path: Path, **changes: bytes) -> None:
    """The workbook with parts changed or added."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in {**parts, **changes}.items():
            new.writestr(name, content)


@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        ("xl/vbaProject.bin", b"", "macros"),
        ("xl/filler.bin", bytes(210_000_000), "unfolds to more"),
        ("xl/worksheets/sheet1.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>', "document type"),
        ("xl/worksheets/sheet1.xml", b"<broken", "that can be read"),
        ("xl/workbook.xml", b"<broken", "not an Excel workbook"),
    ],
)
async def test_a_dangerous_or_broken_workbook_is_refused(
    steps: Steps, tmp_path: Path, part: str, content: bytes, message: str
) -> None:
    _book(tmp_path / "a.xlsx", S=[["a"]])
    _repacked(tmp_path / "a.xlsx", **{part: content})
    error = await steps.failure("excel.read", file_path="a.xlsx")
    assert (error.error_type, message in str(error)) == ("FILE_ERROR", True), str(error)


async def test_a_workbook_damaged_on_its_way_is_told(steps: Steps, tmp_path: Path) -> None:
    _book(tmp_path / "a.xlsx", S=[["a"]])
    damage(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml")
    assert await steps.refused("excel.read", file_path="a.xlsx") == "FILE_ERROR"


async def test_what_is_no_workbook_says_what_to_do(steps: Steps, tmp_path: Path) -> None:
    (tmp_path / "locked.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    (tmp_path / "text.xlsx").write_text("a,b")
    assert "encrypted" in str(await steps.failure("excel.read", file_path="locked.xlsx"))
    assert "not an Excel workbook" in str(await steps.failure("excel.read", file_path="text.xlsx"))
    assert await steps.refused("excel.write", file_path="a.xlsm", data=[]) == "INVALID_CONFIG"
    assert await steps.refused("excel.write", file_path="a.xlsx", data=[["\x01"]]) == "FILE_ERROR"
    for name in ("a/b", "x" * 32):
        assert await steps.refused("excel.write", file_path="a.xlsx", data=[], sheet=name) == "INVALID_CONFIG"


async def test_a_sheet_is_bounded_in_rows_and_columns(steps: Steps, tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].cell(row=1_000_000, column=1, value="far")
    book.save(tmp_path / "tall.xlsx")
    book = Workbook()
    book.worksheets[0].cell(row=1, column=16_000, value="far")
    book.save(tmp_path / "wide.xlsx")
    _book(tmp_path / "twice.xlsx", S=[["a", "a"], [1, 2]])
    for name in ("tall.xlsx", "wide.xlsx", "twice.xlsx"):
        assert await steps.within(max_rows=100).refused("excel.read", file_path=name) == "FILE_ERROR"
    assert await steps.refused("excel.read", file_path="twice.xlsx", sheet="T") == "INVALID_CONFIG"
    assert await steps.refused("excel.read", file_path="twice.xlsx", range="A1:") == "INVALID_CONFIG"
