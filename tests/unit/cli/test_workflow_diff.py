"""What differs between two definitions."""

from typing import Any

import pytest

from cli.views.workflow_diff import diff_lines
from cli.workflow_diff import diff, raw_diff


def node(kind: str, **config: Any) -> dict[str, Any]:
    return {"node_type": kind, "config": config}


def wire(source: str, target: str) -> dict[str, str]:
    return {"source_node": source, "source_port": "out", "target_node": target, "target_port": "in"}


BEFORE: dict[str, Any] = {
    "nodes": {"read": node("ReadCSVNode", path="a.csv", options=[1, 2]), "old": node("LogNode")},
    "connections": [wire("read", "old"), wire("read", "old")],
    "variables": {"limit": 5, "gone": None},
    "metadata": {"name": "A"},
}
AFTER: dict[str, Any] = {
    "metadata": {"name": "B"},
    "variables": {"limit": "5", "new": [1]},
    "connections": [wire("read", "old"), wire("read", "mail")],
    "nodes": {"mail": node("MailNode"), "read": node("ReadCSVNode", path="b.csv", options=[1, 3], more=True)},
}


def test_every_part_is_told_by_what_was_added_removed_and_changed() -> None:
    assert list(diff_lines(diff(BEFORE, AFTER))) == [
        "nodes",
        "  + mail (MailNode)",
        "  - old (LogNode)",
        "  ~ read",
        '      ~ config.path: "a.csv" → "b.csv"',
        "      ~ config.options[1]: 2 → 3",
        "      + config.more: true",
        "connections",
        "  + read.out → mail.in",
        "  - read.out → old.in",
        "variables",
        '  ~ limit: 5 → "5"',
        "  - gone: null",
        "  + new: [1]",
        "other",
        '  ~ metadata.name: "A" → "B"',
    ]


def test_what_was_not_there_has_no_value_for_programs() -> None:
    answer = diff(BEFORE, AFTER).as_answer()

    assert answer["equal"] is False
    assert answer["variables"] == [
        {"path": "limit", "before": 5, "after": "5"},
        {"path": "gone", "before": None},
        {"path": "new", "after": [1]},
    ]


def test_the_order_of_keys_means_nothing_and_that_of_connections_neither() -> None:
    turned = {name: BEFORE[name] for name in reversed(BEFORE)}

    assert diff(BEFORE, turned).is_empty
    assert diff({"nodes": {}}, {"nodes": {}, "connections": []}).is_empty
    assert raw_diff(BEFORE, turned, "a", "b") == []


def test_true_is_not_one() -> None:
    assert not diff({"variables": {"a": 1}}, {"variables": {"a": True}}).is_empty


def test_nodes_of_a_list_are_known_by_their_ids_or_their_place() -> None:
    found = diff({"nodes": [{"node_id": "a"}, {"x": 1}]}, {"nodes": [{"x": 1}, {"id": "b", "type": "T"}]})

    assert (found.nodes_added, found.nodes_removed) == ({"[0]": "", "b": "T"}, {"a": "", "[1]": ""})


@pytest.mark.parametrize("odd", [None, 5, "text", [1], {"a": 1}])
def test_odd_parts_are_compared_all_the_same(odd: Any) -> None:
    assert isinstance(list(diff_lines(diff({"nodes": odd, "connections": [odd]}, {"nodes": {}}))), list)


def test_a_long_value_is_shortened_and_raw_shows_all_of_it() -> None:
    long = {"variables": {"a": "x" * 500}}

    assert all(len(line) < 150 for line in diff_lines(diff({}, long)))
    assert any("x" * 500 in line for line in raw_diff({}, long, "a", "b"))
