"""The reference of node types says what the robot's table says."""

from docs.generate_node_types import PAGE, page
from robot.nodes import NODE_TYPES
from robot.settings import ALLOW_PYTHON, ALLOW_SHELL


def test_the_reference_of_node_types_is_what_their_docstrings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `.venv/bin/python docs/generate_node_types.py`"


def test_every_node_type_says_what_it_does() -> None:
    assert [each.name for each in NODE_TYPES if not (each.code.__doc__ or "").strip()] == []


def test_what_a_node_type_needs_is_a_setting() -> None:
    assert {each.needs for each in NODE_TYPES if each.needs} <= {ALLOW_PYTHON, ALLOW_SHELL}
