"""Reading a workflow's file."""

import json
from pathlib import Path

import pytest

from cli.failures import UsageProblem
from cli.workflow_file import read_workflow


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "my flow.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_name_is_the_options_or_the_files_own_or_that_of_the_file(tmp_path: Path) -> None:
    named = written(tmp_path, json.dumps({"nodes": {}, "metadata": {"name": "Own"}}))
    assert read_workflow(named, name="Option", assignments=()).name == "Option"
    assert read_workflow(named, name=None, assignments=()).name == "Own"
    unnamed = written(tmp_path, json.dumps({"nodes": {}, "metadata": {"name": 5}}))
    assert read_workflow(unnamed, name=None, assignments=()).name == "my flow"


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    assert read_workflow(written(tmp_path, b'\xef\xbb\xbf{"nodes": {}}'), name=None, assignments=()).definition


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"nodes": {},}', "line 1, column 14"),
        ("", "is not JSON"),
        ("[]", "is no workflow"),
        ('{"edges": []}', "is no workflow"),
        ('{"nodes": NaN}', "NaN is none of its numbers"),
        (b"\xff\xfe", "not text in UTF-8"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_workflow_is_refused_with_the_reason(tmp_path: Path, content: str | bytes, reason: str) -> None:
    with pytest.raises(UsageProblem, match=reason):
        read_workflow(written(tmp_path, content), name=None, assignments=())


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.json"):
        with pytest.raises(UsageProblem, match="Cannot read"):
            read_workflow(path, name=None, assignments=())


def test_assigned_values_are_json_or_else_text(tmp_path: Path) -> None:
    path = written(
        tmp_path, json.dumps({"nodes": {}, "variables": {"kept": 1, "changed": {"type": "int", "default": 1}}})
    )
    assignments = ["changed=2", "text=abc", 'quoted="3"', "zeros=007", "empty=", "equals=a=b", 'list=["x"]', "odd=NaN"]

    variables = read_workflow(path, name=None, assignments=assignments).definition["variables"]

    assert variables == {
        "kept": 1,
        "changed": 2,
        "text": "abc",
        "quoted": "3",
        "zeros": "007",
        "empty": "",
        "equals": "a=b",
        "list": ["x"],
        "odd": "NaN",
    }


@pytest.mark.parametrize("assignment", ["name", "=value", " =value"])
def test_an_assignment_needs_a_name_and_a_value(tmp_path: Path, assignment: str) -> None:
    path = written(tmp_path, '{"nodes": {}}')
    with pytest.raises(UsageProblem, match="NAME=VALUE"):
        read_workflow(path, name=None, assignments=[assignment])


def test_variables_that_are_no_object_cannot_be_assigned_to(tmp_path: Path) -> None:
    path = written(tmp_path, '{"nodes": {}, "variables": []}')
    with pytest.raises(UsageProblem, match="not an object"):
        read_workflow(path, name=None, assignments=["a=1"])
