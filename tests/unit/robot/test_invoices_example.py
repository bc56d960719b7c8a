"""The example, against totals computed here without any of the robot's code."""

import csv
import json
import shutil
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from robot.executor import Executor
from robot.files import WorkingDirectory

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "invoices"
WRONG = ["INV-2026-1007", "INV-2026-1014", "INV-2026-1020", "INV-2026-1025", "INV-2026-1032", "", "INV-2026-1045"]
CENT = Decimal("0.01")


def _is_right(line: dict[str, str]) -> bool:
    try:
        net, rate, vat, gross = (Decimal(line[name]) for name in ("net", "vat_rate", "vat", "gross"))
        issued, due = date.fromisoformat(line["issue_date"]), date.fromisoformat(line["due_date"])
    except (InvalidOperation, ValueError):
        return False
    sums_up = vat == (net * rate / 100).quantize(CENT, ROUND_HALF_UP) and gross == net + vat
    return bool(line["invoice_no"]) and sums_up and due >= issued


def _expected() -> tuple[dict[str, Any], list[str]]:
    totals: dict[str, Any] = defaultdict(dict)
    wrong = []
    with (EXAMPLE / "invoices.csv").open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if not _is_right(line):
                wrong.append(line["invoice_no"])
                continue
            sums = totals[line["customer"]].setdefault(line["currency"], dict.fromkeys(("net", "vat", "gross"), 0))
            sums["invoices"] = sums.get("invoices", 0) + 1
            for name in ("net", "vat", "gross"):
                sums[name] += int(line[name].replace(".", ""))
    for by_currency in totals.values():
        for sums in by_currency.values():
            sums |= {name: f"{sums[name] // 100}.{sums[name] % 100:02}" for name in ("net", "vat", "gross")}
    return dict(totals), wrong


@pytest.fixture
def workflow() -> Any:
    return json.loads((EXAMPLE / "workflow.json").read_text("utf-8"))


def _reports(folder: Path) -> tuple[Any, list[dict[str, str]]]:
    report = json.loads((folder / "report.json").read_text("utf-8"))
    with (folder / "rejected.csv").open(newline="", encoding="utf-8") as file:
        return report, list(csv.DictReader(file))


async def test_the_invoices_are_checked_and_added_up_exactly(workflow: Any, tmp_path: Path) -> None:
    totals, wrong = _expected()
    assert wrong == WRONG
    target = tmp_path / "examples" / "invoices"
    shutil.copytree(EXAMPLE, target, ignore=shutil.ignore_patterns("out"))
    result = await Executor(WorkingDirectory(tmp_path)).run(workflow)
    assert result["outputs"] == {
        "accepted": 43,
        "rejected": 7,
        "totals": totals,
        "report": "examples/invoices/out/report.json",
        "rejected_csv": "examples/invoices/out/rejected.csv",
    }
    report, rejected = _reports(target / "out")
    assert report["counts"] == {"checked": 50, "accepted": 43, "rejected": 7}
    assert report["totals"] == totals
    assert [line["invoice_no"] for line in report["rejected"]] == wrong
    assert [line["invoice_no"] for line in rejected] == wrong


async def test_each_rejected_line_says_where_it_is_and_why(workflow: Any, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "invoices.csv", tmp_path / "mine.csv")
    executor = Executor(WorkingDirectory(tmp_path))
    await executor.run(workflow, variables={"input_csv": "mine.csv", "output_dir": "results"})
    _, rejected = _reports(tmp_path / "results")
    lines = (tmp_path / "mine.csv").read_text("utf-8").splitlines()
    assert all(lines[int(each["line"]) - 1].startswith(f"{each['invoice_no']},") for each in rejected)
    assert [each["reasons"] for each in rejected] == [
        "gross is 3697.77, not 3687.77",
        "VAT is 1635.10, not 1638.50",
        "due before it was issued",
        "the issue or due date is not a date",
        "an amount is missing or not a number",
        "the invoice number is missing",
        "gross is 6886.65, not 6886.56; the issue or due date is not a date",
    ]


def test_the_example_is_made_of_general_node_types_only(workflow: Any) -> None:
    types = {each["node_type"] for each in workflow["nodes"].values()}
    assert types == {
        *("StartNode", "EndNode", "SetVariableNode", "ExpressionNode", "IfNode", "ForEachNode", "LogNode"),
        *("ReadCSVNode", "WriteJSONNode", "WriteCSVNode"),
    }
    assert all(each["node_id"] == key for key, each in workflow["nodes"].items())
    assert all(len(each["position"]) == 2 for each in workflow["nodes"].values())
