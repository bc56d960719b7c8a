"""The client's two faces and its reference are one thing; its signatures say what comes back."""

import ast
import inspect
import re
import typing
from collections.abc import Iterator
from typing import Any, Final

import pytest

import casare
from casare import AsyncClient, AsyncJob, Client, Job
from docs.generate_sdk_reference import PAGE, page
from docs.generate_sync_client import SOURCE, TARGET, modules

RESOURCES: Final = tuple(
    name
    for name, value in vars(Client("http://127.0.0.1:9", token="t")).items()
    if type(value).__module__.startswith("casare._sync")
)
PAIRS: Final = (
    (Client, AsyncClient),
    (Job, AsyncJob),
    *(
        (
            type(getattr(Client("http://127.0.0.1:9", token="t"), name)),
            type(getattr(AsyncClient("http://127.0.0.1:9", token="t"), name)),
        )
        for name in RESOURCES
        if not name.startswith("_")
    ),
)


def public_methods(owner: type) -> Iterator[tuple[str, Any]]:
    """The functions that users call."""
    for name, value in inspect.getmembers(owner, inspect.isfunction):
        if not name.startswith("_"):
            yield name, value


def test_the_blocking_client_is_made_from_the_other() -> None:
    hint = "run `.venv/bin/python docs/generate_sync_client.py`"
    assert {path.name for path in TARGET.glob("*.py")} == {path.name for path in SOURCE.glob("*.py")}, hint
    assert [path.name for path, content in modules() if path.read_text("utf-8") != content] == [], hint


def test_the_reference_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `.venv/bin/python docs/generate_sdk_reference.py`"


@pytest.mark.parametrize(("blocking", "asynchronous"), PAIRS, ids=lambda owner: owner.__name__)
def test_both_faces_have_the_same_methods(blocking: type, asynchronous: type) -> None:
    ours, theirs = dict(public_methods(blocking)), dict(public_methods(asynchronous))
    assert list(ours) == list(theirs)
    for name, method in ours.items():
        assert list(inspect.signature(method).parameters) == list(inspect.signature(theirs[name]).parameters), name


@pytest.mark.parametrize("owner", [pair[0] for pair in PAIRS], ids=lambda owner: owner.__name__)
def test_each_method_says_what_it_takes_and_returns_and_what_for(owner: type) -> None:
    for name, method in public_methods(owner):
        hints = typing.get_type_hints(method)
        untyped = inspect.signature(method).parameters.keys() - hints.keys() - {"self"}
        assert (untyped, hints["return"] is Any) == (set(), False), name
        assert inspect.getdoc(method), name


def test_everything_that_is_exported_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    assert [name for name in casare.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_the_pages_examples_are_python() -> None:
    guide = PAGE.read_text("utf-8").partition("## Reference")[0]
    examples = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    assert len(examples) >= 6
    for example in examples:
        for node in ast.walk(ast.parse(example)):
            if isinstance(node, ast.ImportFrom) and node.module == "casare":
                assert [name.name for name in node.names if name.name not in casare.__all__] == []
