"""Whatever a setting holds, a node that cannot use it says so: it does not crash."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from openpyxl import Workbook

from robot.errors import WorkflowError
from tests.component.robot_nodes.steps import Steps

ODD: Final[list[Any]] = [
    *(None, True, 5, -1, 0.5, 10**30, float("nan"), float("inf"), Decimal("1.5"), dt.date(2026, 3, 31)),
    *("", "x", "\0", "é\ud800", "..", ".hidden", "/etc/passwd", "a" * 5_000, "a\r\nb", "{", "="),
    *([], [None], ["x", 5], [[]], {}, {"a": None}, {"": "x"}, [{}], [{"a": {"b": []}}]),
]
MAIL: Final = {"host": "127.0.0.1", "port": 1, "tls": "none", "from": "a@b.example", "to": "c@d.example"}
SQL: Final = {"url": "sqlite:///a.db"}
NODES: Final[dict[str, dict[str, Any]]] = {
    "file.list": {"folder": ".", "pattern": "*", "kind": "all"},
    "file.exists": {"path": "a.txt"},
    "file.copy": {"source": "a.txt", "target": "b.txt", "overwrite": True},
    "file.move": {"source": "c.txt", "target": "b.txt", "overwrite": True},
    "file.delete": {"path": "none", "recursive": False, "missing_ok": True},
    "folder.create": {"path": "made"},
    "archive.zip": {"sources": ["a.txt"], "target": "b.zip"},
    "archive.unzip": {"source": "b.zip", "folder": "un", "overwrite": True},
    "text.read_file": {"file_path": "a.txt", "encoding": "utf-8"},
    "text.write_file": {"file_path": "w.txt", "text": "x", "encoding": "utf-8", "append": True, "newline": True},
    "csv.read": {"file_path": "a.txt", "delimiter": ",", "has_header": True, "encoding": "utf-8"},
    "csv.write": {"file_path": "w.csv", "data": [{"a": 1}], "headers": ["a"], "delimiter": ",", "append": True},
    "json.read": {"file_path": "a.txt", "exact": True},
    "json.write": {"file_path": "w.json", "data": {}, "indent": 2, "decimals": "string"},
    "excel.sheets": {"file_path": "a.xlsx"},
    "excel.read": {"file_path": "a.xlsx", "sheet": "Sheet", "range": "A1:B2", "header_row": 0, "formulas": False},
    "excel.write": {"file_path": "w.xlsx", "data": [[1]], "headers": ["a"], "sheet": "S", "start_cell": "A1"},
    "excel.append": {"file_path": "w.xlsx", "data": [[1]], "headers": ["a"], "sheet": "S", "formulas": True},
    "text.match": {"text": "x", "pattern": "x", "flags": ["ascii"], "full": True, "timeout_seconds": 5},
    "text.extract": {"text": "x", "pattern": "(x)", "group": 1},
    "text.replace": {"text": "x", "pattern": "x", "replacement": "y", "count": 1},
    "text.split": {"text": "x", "separator": ",", "count": 1, "trim": True, "drop_empty": True},
    "text.case": {"text": "x", "case": "upper"},
    "text.trim": {"text": "x", "side": "both", "characters": "x", "collapse": True},
    "text.join": {"items": ["x"], "separator": ","},
    "text.template": {"template": "x", "values": {}},
    "text.parse_number": {
        "text": "1",
        "as": "float",
        "decimal_separator": ",",
        "thousands_separator": ".",
        "default": 1,
    },
    "date.now": {"time_zone": "UTC"},
    "date.parse": {"text": "2026-03-31", "formats": ["%Y-%m-%d"], "time_zone": "UTC"},
    "date.format": {"value": "2026-03-31", "format": "%Y", "time_zone": "UTC"},
    "date.convert": {"value": "2026-03-31", "time_zone": "UTC", "from_time_zone": "UTC"},
    "date.add": {"value": "2026-03-31", "months": 1, "days": 1, "hours": 1, "business_days": 1, "holidays": []},
    "date.difference": {"start": "2026-03-31", "end": "2026-04-01", "holidays": []},
    "date.is_business_day": {"value": "2026-03-31", "holidays": []},
    "http.request": {
        "url": "http://127.0.0.1:1/",
        "headers": {},
        "params": {},
        "auth": None,
        "form": None,
        "files": None,
        "body_file": None,
        "save_to": "x.bin",
        "method": "POST",
    },
    "mail.send": {
        **MAIL,
        "cc": [],
        "bcc": [],
        "reply_to": None,
        "subject": "x",
        "text": "x",
        "html": None,
        "attachments": [],
        "username": None,
        "password": None,
        "verify": True,
        "ca_file": None,
        "timeout_seconds": 5,
    },
    "sql.query": {**SQL, "statement": "SELECT :a", "params": {"a": 1}, "max_rows": 5, "timeout_seconds": 5},
    "sql.execute": {**SQL, "statement": "SELECT 1", "params": [{"a": 1}]},
    "sql.transaction": {**SQL, "statements": [{"statement": "SELECT 1"}]},
    "robot_framework.run": {
        "suite": "a.robot",
        "variables": {},
        "include": [],
        "output_folder": "o",
        "log_level": "INFO",
    },
    "browser.goto": {"url": "http://127.0.0.1:1/", "page": "main"},
}


@pytest.mark.parametrize("node_type", NODES)
async def test_an_odd_setting_does_not_crash_a_node(steps: Steps, tmp_path: Path, node_type: str) -> None:
    for name in ("a.txt", "c.txt"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    book = Workbook()
    book.worksheets[0].append(["a", "b"])
    book.save(tmp_path / "a.xlsx")
    crashes = []
    for setting in NODES[node_type]:
        for value in ODD:
            try:
                await steps.run(node_type, **{**NODES[node_type], setting: value})
            except WorkflowError as error:
                if error.error_type == "NODE_CRASHED":
                    crashes.append((setting, value, repr(error.__cause__)))
    assert crashes == []
