import os
from pathlib import Path

import pytest

from robot.cancellation import CancelScope, JobStopped
from tests.component.robot_nodes.steps import Steps


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.csv", "b.txt", "in/c.csv", "in/deep/d.csv", ".hidden.csv", "in/.secret/e.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "out.csv").symlink_to("/etc/passwd")
    (tmp_path / "way-out").symlink_to("/etc")
    return tmp_path


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ({}, ["a.csv", "b.txt"]),
        ({"pattern": "*.csv"}, ["a.csv"]),
        ({"pattern": "**/*.csv"}, ["a.csv", "in/c.csv", "in/deep/d.csv"]),
        ({"folder": "in", "pattern": "*/?.csv"}, ["in/deep/d.csv"]),
        ({"kind": "folders", "pattern": "**"}, ["in", "in/deep"]),
        ({"kind": "all"}, ["a.csv", "b.txt", "in"]),
    ],
)
async def test_files_are_listed_by_pattern_without_hidden_ones_and_links(
    steps: Steps, tree: Path, config: dict[str, str], paths: list[str]
) -> None:
    outputs = await steps.run("file.list", **config)
    assert (outputs["paths"], outputs["count"]) == (paths, len(paths))
    assert [item["is_folder"] for item in outputs["items"]] == [(tree / path).is_dir() for path in paths]


@pytest.mark.parametrize(
    ("config", "error_type"),
    [
        ({"pattern": "../*"}, "INVALID_CONFIG"),
        ({"pattern": "/etc/*"}, "INVALID_CONFIG"),
        ({"pattern": "**/**/**/**/x"}, "INVALID_CONFIG"),
        ({"kind": "sockets"}, "INVALID_CONFIG"),
        ({"folder": "way-out"}, "PATH_REFUSED"),
        ({"folder": "nowhere"}, "FILE_ERROR"),
    ],
)
async def test_listing_stays_inside_the_working_directory(
    steps: Steps, tree: Path, config: dict[str, str], error_type: str
) -> None:
    assert await steps.refused("file.list", **config) == error_type


async def test_too_many_files_are_not_listed(steps: Steps, tree: Path) -> None:
    assert await steps.within(max_entries=2).refused("file.list", pattern="**/*") == "FILE_ERROR"


async def test_files_and_folders_are_copied_moved_and_deleted(steps: Steps, tree: Path) -> None:
    assert await steps.run("file.copy", source="in", target="copy/of") == {"path": "copy/of"}
    assert sorted(path.name for path in (tree / "copy").rglob("*")) == ["c.csv", "d.csv", "deep", "of"]
    assert await steps.run("file.copy", source="a.csv", target="b.txt", overwrite=True) == {"path": "b.txt"}
    assert (tree / "b.txt").read_text() == "a.csv"
    assert await steps.run("file.move", source="copy/of", target="moved") == {"path": "moved"}
    assert (tree / "moved/deep/d.csv").exists()
    assert await steps.run("file.delete", path="moved", recursive=True) == {"deleted": True}
    assert await steps.run("file.delete", path="moved", missing_ok=True) == {"deleted": False}
    assert await steps.run("folder.create", path="x/y") == {"path": "x/y", "created": True}
    found = {"exists": True, "is_file": False, "is_folder": True, "size_bytes": None}
    assert await steps.run("file.exists", path="x/y") == found
    assert (await steps.run("file.exists", path="no"))["exists"] is False


@pytest.mark.parametrize(
    ("node_type", "config", "error_type"),
    [
        ("file.copy", {"source": "a.csv", "target": "b.txt"}, "FILE_ERROR"),
        ("file.copy", {"source": "none", "target": "c.txt"}, "FILE_ERROR"),
        ("file.copy", {"source": "way-out/passwd", "target": "c.txt"}, "PATH_REFUSED"),
        ("file.copy", {"source": "a.csv", "target": "way-out/x"}, "PATH_REFUSED"),
        ("file.copy", {"source": "in", "target": "in/again"}, "FILE_ERROR"),
        ("file.move", {"source": "in", "target": "in/again"}, "FILE_ERROR"),
        ("file.move", {"source": "a.csv", "target": "in", "overwrite": True}, "FILE_ERROR"),
        ("file.delete", {"path": "in"}, "FILE_ERROR"),
        ("file.delete", {"path": "."}, "PATH_REFUSED"),
        ("file.delete", {"path": "out.csv"}, "PATH_REFUSED"),
        ("file.delete", {"path": "../x", "recursive": True}, "PATH_REFUSED"),
        ("folder.create", {"path": "a.csv/x"}, "FILE_ERROR"),
    ],
)
async def test_what_cannot_or_may_not_be_changed_is_told(
    steps: Steps, tree: Path, node_type: str, config: dict[str, object], error_type: str
) -> None:
    assert await steps.refused(node_type, **config) == error_type
    assert (tree / "a.csv").read_text() == "a.csv"


async def test_a_folder_with_a_link_in_it_is_not_copied(steps: Steps, tree: Path) -> None:
    (tree / "in" / "link").symlink_to("/etc/hostname")
    assert await steps.refused("file.copy", source="in", target="copied") == "PATH_REFUSED"
    assert await steps.refused("archive.zip", sources="in", target="in.zip") == "PATH_REFUSED"


async def test_a_copy_is_bounded(steps: Steps, tree: Path) -> None:
    assert await steps.within(max_transfer_bytes=3).refused("file.copy", source="a.csv", target="c") == "FILE_ERROR"
    assert sorted(os.listdir(tree)) == sorted(  # noqa: PTH208 (hidden ones, too)
        [".hidden.csv", "a.csv", "b.txt", "in", "out.csv", "way-out"]
    )


async def test_folders_nested_without_end_are_not_followed(steps: Steps, tmp_path: Path) -> None:
    tmp_path.joinpath(*["d"] * 70).mkdir(parents=True)
    assert await steps.refused("file.list", pattern="**/*") == "FILE_ERROR"
    assert await steps.refused("file.copy", source="d", target="e") == "FILE_ERROR"


async def test_a_stopped_job_lists_nothing(steps: Steps, tree: Path) -> None:
    scope = CancelScope()
    scope.cancel()
    with pytest.raises(JobStopped):
        await steps.run("file.list", cancel=scope)


async def test_text_files_are_written_added_to_and_read(steps: Steps, tmp_path: Path) -> None:
    await steps.run("text.write_file", file_path="x/a.txt", text="é", newline=True, encoding="latin-1")
    await steps.run("text.write_file", file_path="x/a.txt", text=["ü"], append=True, encoding="latin-1")
    assert (tmp_path / "x/a.txt").read_bytes() == b'\xe9\n["\xfc"]'
    read = await steps.run("text.read_file", file_path="x/a.txt", encoding="latin-1")
    assert read == {"text": 'é\n["ü"]', "lines": ["é", '["ü"]'], "size_bytes": 7}
    (tmp_path / "bom.txt").write_bytes(b"\xef\xbb\xbfx")
    assert (await steps.run("text.read_file", file_path="bom.txt"))["text"] == "x"


@pytest.mark.parametrize(
    ("node_type", "config", "error_type"),
    [
        ("text.write_file", {"file_path": "a", "text": "é", "encoding": "ascii"}, "INVALID_CONFIG"),
        ("text.write_file", {"file_path": "a", "text": "é", "encoding": "klingon"}, "INVALID_CONFIG"),
        ("text.write_file", {"file_path": "a.txt", "text": "x" * 9, "append": True}, "FILE_ERROR"),
        ("text.write_file", {"file_path": "../a", "text": ""}, "PATH_REFUSED"),
        ("text.read_file", {"file_path": "a.txt", "encoding": "ascii"}, "FILE_ERROR"),
        ("text.read_file", {"file_path": "b.txt"}, "FILE_ERROR"),
    ],
)
async def test_a_text_file_that_does_not_work_says_why(
    steps: Steps, tmp_path: Path, node_type: str, config: dict[str, object], error_type: str
) -> None:
    (tmp_path / "a.txt").write_text("é")
    (tmp_path / "b.txt").write_text("x" * 11)
    assert await steps.within(max_file_bytes=10).refused(node_type, **config) == error_type


async def test_rows_are_added_to_a_csv_file_under_its_headers(steps: Steps, tmp_path: Path) -> None:
    for row in ({"a": 1, "b": "x"}, {"a": 2, "b": "ü"}):
        await steps.run("csv.write", file_path="t.csv", data=[row], delimiter=";", encoding="latin-1", append=True)
    assert (tmp_path / "t.csv").read_bytes() == b"a;b\n1;x\n2;\xfc\n"


@pytest.mark.parametrize(
    ("there", "config", "after"),
    [
        (b"a,b\n1,2", {}, b"a,b\n1,2\n3,4\n"),
        (b"a,b\r\n1,2\r\n", {}, b"a,b\r\n1,2\r\n3,4\n"),
        (b"\xef\xbb\xbfb,c,a\n", {}, b"\xef\xbb\xbfb,c,a\n4,,3\n"),
        (b"b,a\n", {"headers": ["a", "b"]}, b"b,a\n3,4\n"),
        (b"1,2\n", {}, b"1,2\n3,4\n"),
        (b'"no end', {}, b'"no end\n3,4\n'),
        ("b,a\n1,2".encode("utf-16"), {"encoding": "utf-16"}, "b,a\n1,2\n4,3\n".encode("utf-16")),
    ],
    ids=["open line", "CRLF", "own order", "order given", "no headers", "damaged", "UTF-16"],
)
async def test_rows_are_added_to_files_of_other_programs(
    steps: Steps, tmp_path: Path, there: bytes, config: dict[str, object], after: bytes
) -> None:
    (tmp_path / "t.csv").write_bytes(there)
    await steps.run("csv.write", file_path="t.csv", data=[{"a": 3, "b": 4}], append=True, **config)
    assert (tmp_path / "t.csv").read_bytes() == after


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
async def test_what_is_added_to_a_file_brings_no_mark_of_its_own(steps: Steps, tmp_path: Path, encoding: str) -> None:
    for _ in range(2):
        await steps.run("text.write_file", file_path="t.txt", text="ä\n", append=True, encoding=encoding)
        await steps.run("csv.write", file_path="t.csv", data=[{"ä": 1}], append=True, encoding=encoding)
    assert (tmp_path / "t.txt").read_bytes() == "ä\nä\n".encode(encoding)
    assert (tmp_path / "t.csv").read_bytes() == "ä\n1\n1\n".encode(encoding)


async def test_a_number_that_would_fill_the_memory_when_written_out_is_not_read(steps: Steps, tmp_path: Path) -> None:
    for number in ("1e999999999", "1e-999999999"):
        (tmp_path / "a.json").write_text(f'{{"a": {number}}}')
        assert await steps.refused("json.read", file_path="a.json", exact=True) == "FILE_ERROR"


async def test_json_is_read_with_or_without_exact_numbers(steps: Steps, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('\ufeff{"a": 0.10}', "utf-8")
    assert (await steps.run("json.read", file_path="a.json"))["data"] == {"a": 0.1}
    exact = await steps.run("json.read", file_path="a.json", exact=True)
    assert str(exact["data"]["a"]) == "0.10"
    (tmp_path / "a.json").write_text("{")
    assert await steps.refused("json.read", file_path="a.json") == "FILE_ERROR"
