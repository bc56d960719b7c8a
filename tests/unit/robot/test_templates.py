from decimal import Decimal
from typing import Any

import pytest

from robot.errors import InvalidConfig, ResultTooLarge, UndefinedVariable, WorkflowError
from robot.templates import resolve

VARIABLES = {
    "name": "Ada & Co",
    "total": Decimal("1E+3"),
    "flag": True,
    "nothing": None,
    "rows": [{"no": "A-1", "cost-centre": 7}],
    "long": "x" * 600_000,
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{rows}}", [{"no": "A-1", "cost-centre": 7}]),
        ("{{ total }}", Decimal(1000)),
        ("{{rows.0.no}}", "A-1"),
        ("{{rows.0.cost-centre}}", 7),
        ("{{nothing}}", None),
        ("for {{name}}: {{total}}, {{flag}}{{nothing}}", "for Ada & Co: 1000, true"),
        ("all: {{rows}}", 'all: [{"no":"A-1","cost-centre":7}]'),
        ("plain { text } and }}", "plain { text } and }}"),
        ({"a": ["{{name}}", 1]}, {"a": ["Ada & Co", 1]}),
        (12.5, 12.5),
    ],
)
def test_a_template_becomes_its_value(template: Any, expected: Any) -> None:
    resolved = resolve(template, VARIABLES)
    assert resolved == expected
    assert type(resolved) is type(expected)


def test_what_a_variable_holds_is_not_resolved_again() -> None:
    assert resolve("{{a}}-{{a}}", {"a": "{{secret}}", "secret": "s"}) == "{{secret}}-{{secret}}"


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("{{missing}}", UndefinedVariable),
        ("{{rows.1}}", UndefinedVariable),
        ("{{rows.0.amount}}", UndefinedVariable),
        ("{{name.__class__}}", UndefinedVariable),
        ("{{rows.99999999999999999999}}", UndefinedVariable),
        ("{{1 + 1}}", InvalidConfig),
        ("{{}}", InvalidConfig),
        ("{{long}}{{long}}", ResultTooLarge),
    ],
)
def test_a_template_without_a_value_is_an_error(template: str, error: type[WorkflowError]) -> None:
    with pytest.raises(error):
        resolve(template, VARIABLES)


def test_settings_cannot_be_nested_without_end() -> None:
    nested: list[Any] = []
    for _ in range(200):
        nested = [nested]
    with pytest.raises(InvalidConfig, match="nested"):
        resolve(nested, {})
