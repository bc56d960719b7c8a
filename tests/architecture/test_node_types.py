"""Every node type can be looked up, and what it needs can be set."""

from robot.nodes import NODE_TYPES
from robot.settings import ALLOW_FRAMEWORK, ALLOW_PYTHON, ALLOW_SHELL


def test_every_node_type_says_what_it_does() -> None:
    assert [each.name for each in NODE_TYPES if not (each.code.__doc__ or "").strip()] == []


def test_what_a_node_type_needs_is_a_setting() -> None:
    assert {each.needs for each in NODE_TYPES if each.needs} <= {ALLOW_FRAMEWORK, ALLOW_PYTHON, ALLOW_SHELL}
