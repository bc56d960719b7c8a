import asyncio
import json
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from robot.cancellation import CancelScope, JobStopped
from robot.errors import WorkflowError
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.limits import Limits
from tests.support.eventually import eventually
from tests.unit.robot.documents import chain, document, node


def _read(**config: Any) -> dict[str, Any]:
    return document(
        *(
            "start -> read",
            "read -> end",
            "read.data -> end.data",
            "read.headers -> end.headers",
            "read.row_count -> end.n",
        ),
        start=node("StartNode"),
        read=node("ReadCSVNode", file_path="in.csv", **config),
        end=node("EndNode"),
    )


@pytest.mark.parametrize(
    ("content", "config", "data", "headers"),
    [
        (b"a,b\n1,2\n\n3,4\n", {}, [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], ["a", "b"]),
        (b"\xef\xbb\xbfa,b\r\n1,\xc3\xa9\r\n", {}, [{"a": "1", "b": "é"}], ["a", "b"]),
        (b"a;b\n\xe9;\n", {"delimiter": ";", "encoding": "latin-1"}, [{"a": "é", "b": ""}], ["a", "b"]),
        (b'a,b\n"x,\ny"\n', {}, [{"a": "x,\ny", "b": ""}], ["a", "b"]),
        (b"\r\n\r\na,b\r\n1,2\r\n", {}, [{"a": "1", "b": "2"}], ["a", "b"]),
        (b"a\n" + b"x" * 200_000, {}, [{"a": "x" * 200_000}], ["a"]),
        (b"1,2\n3\n", {"has_header": False}, [["1", "2"], ["3"]], []),
        (b"", {}, [], []),
    ],
)
async def test_a_csv_file_becomes_rows(
    executor: Executor, tmp_path: Path, content: bytes, config: dict[str, Any], data: Any, headers: list[str]
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    outputs = (await executor.run(_read(**config)))["outputs"]
    assert outputs == {"data": data, "headers": headers, "n": len(data)}


@pytest.mark.parametrize(
    ("content", "config", "error_type", "message"),
    [
        (b"a,b\n1,2,3\n", {}, "FILE_ERROR", "line 2 has 3 cells for 2 columns"),
        (b"a,a\n1,2\n", {}, "FILE_ERROR", "same header"),
        (b"a\n\xff\n", {}, "FILE_ERROR", "byte 2"),
        (b"a\n" * 2, {"encoding": "klingon"}, "INVALID_CONFIG", "no encoding"),
        (b"a\n", {"delimiter": ";;"}, "INVALID_CONFIG", "one character"),
        (b"a\n", {"has_header": "yes"}, "INVALID_CONFIG", "true or false"),
        (b"a\n" + b"1\n" * 11, {}, "FILE_ERROR", "more than 10 rows"),
        (b"a" * 2_001, {}, "FILE_ERROR", "larger than 2,000 bytes"),
    ],
)
async def test_a_file_that_is_no_table_is_an_error(
    tmp_path: Path, content: bytes, config: dict[str, Any], error_type: str, message: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    executor = Executor(WorkingDirectory(tmp_path), limits=Limits(max_rows=10, max_file_bytes=2_000))
    with pytest.raises(WorkflowError, match=message) as caught:
        await executor.run(_read(**config))
    assert (caught.value.error_type, caught.value.node_id) == (error_type, "read")


@pytest.mark.parametrize("path", ["../in.csv", "/etc/passwd", ".env"])
async def test_nodes_stay_in_the_working_directory(executor: Executor, path: str) -> None:
    for flow in (
        chain(node("ReadCSVNode", file_path=path)),
        chain(node("WriteJSONNode", file_path=path, data=1)),
        chain(node("WriteCSVNode", file_path="{{path}}", data=[]), variables={"path": path}),
    ):
        with pytest.raises(WorkflowError) as caught:
            await executor.run(flow)
        assert caught.value.report()["error_type"] == "PATH_REFUSED"


async def test_json_is_written_with_exact_decimals(executor: Executor, tmp_path: Path) -> None:
    data = {"total": "{{total}}", "day": "{{day}}", "names": ["é"]}
    compute = [
        node("ExpressionNode", expression="decimal('0.10') + decimal('1234567890123456.20')", variable_name="total"),
        node("ExpressionNode", expression="date('2026-03-31')", variable_name="day"),
    ]
    flow = chain(
        *compute,
        node("WriteJSONNode", file_path="out/a.json", data=data),
        node("WriteJSONFileNode", file_path="out/b.json", data=data, decimals="number", indent=0),
    )
    result = await executor.run(flow)
    written = (tmp_path / "out/a.json").read_text("utf-8")
    assert json.loads(written) == {"total": "1234567890123456.30", "day": "2026-03-31", "names": ["é"]}
    assert written.startswith('{\n  "total"')
    assert '"total":1234567890123456.30,' in (tmp_path / "out/b.json").read_text("utf-8")
    assert result["outputs"]["total"] == "1234567890123456.30"


async def test_a_csv_file_is_written_from_records_and_lists(executor: Executor, tmp_path: Path) -> None:
    records = [{"a": 1, "b": None}, {"a": 'x,"y"', "c": [True]}]
    flow = chain(
        node("WriteCSVNode", file_path="a.csv", data="{{records}}"),
        node("WriteCSVNode", file_path="b.csv", data="{{records}}", headers=["c", "a"], delimiter=";"),
        node("WriteCSVNode", file_path="c.csv", data=[["1", 2], []]),
    )
    await executor.run(flow, variables={"records": records})
    assert (tmp_path / "a.csv").read_text() == 'a,b,c\n1,,\n"x,""y""",,[true]\n'
    assert (tmp_path / "b.csv").read_text() == 'c;a\n;1\n[true];"x,""y"""\n'
    assert (tmp_path / "c.csv").read_text() == "1,2\n\n"


@pytest.mark.parametrize(
    ("bad", "error_type"),
    [
        (node("WriteJSONNode", file_path="a.json"), "INVALID_CONFIG"),
        (node("WriteJSONNode", data=1), "INVALID_CONFIG"),
        (node("WriteJSONNode", file_path="a.json", data=1, decimals="float"), "INVALID_CONFIG"),
        (node("WriteJSONNode", file_path="a.json", data=1, indent=99), "INVALID_CONFIG"),
        (node("WriteJSONNode", file_path="a.json", data="{{large}}"), "RESULT_TOO_LARGE"),
        (node("WriteCSVNode", file_path="a.csv", data="rows"), "INVALID_CONFIG"),
        (node("WriteCSVNode", file_path="a.csv", data=["row"]), "INVALID_CONFIG"),
        (node("WriteCSVNode", file_path="a.csv", data=[], headers="a"), "INVALID_CONFIG"),
        (node("WriteCSVNode", file_path="a.csv", data=[["é"]], encoding="ascii"), "INVALID_CONFIG"),
        (node("WriteCSVNode", file_path="a.csv", data=[["{{large}}"]]), "RESULT_TOO_LARGE"),
    ],
)
async def test_what_cannot_be_written_is_an_error_and_leaves_no_file(
    tmp_path: Path, bad: dict[str, Any], error_type: str
) -> None:
    executor = Executor(WorkingDirectory(tmp_path), limits=Limits(max_file_bytes=1_000))
    with pytest.raises(WorkflowError) as caught:
        await executor.run(chain(bad), variables={"large": "x" * 2_000})
    assert caught.value.error_type == error_type
    assert not any((tmp_path / name).exists() for name in ("a.json", "a.csv"))


async def test_a_decimal_from_a_csv_file_survives_to_json(executor: Executor, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("amount\n0.1\n0.2\n")
    flow = document(
        *("start -> read", "read -> sum", "sum -> end", "read.data -> sum.rows", "sum.result -> end.sum"),
        start=node("StartNode"),
        read=node("ReadCSVNode", file_path="in.csv"),
        sum=node("ExpressionNode", expression="decimal(rows[0]['amount']) + decimal(rows[1]['amount'])"),
        end=node("EndNode"),
    )
    assert Decimal((await executor.run(flow))["outputs"]["sum"]) == Decimal("0.3")


class SlowDisk(WorkingDirectory):
    """One that answers when it is let go."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked, self.let_go = Event(), Event()

    def read(self, name: str, *, max_bytes: int) -> bytes:
        self.asked.set()
        assert self.let_go.wait(30)
        return super().read(name, max_bytes=max_bytes)


@pytest.mark.parametrize("node_type", ["csv.read", "json.read"])
async def test_a_job_that_is_stopped_does_not_wait_for_its_file(tmp_path: Path, node_type: str) -> None:
    (tmp_path / "in").write_text("1")
    disk, scope = SlowDisk(tmp_path), CancelScope()
    try:
        running = asyncio.create_task(Executor(disk).run(chain(node(node_type, file_path="in")), cancel=scope))
        await eventually(disk.asked.is_set)
        scope.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(JobStopped):
                await running
    finally:
        disk.let_go.set()
