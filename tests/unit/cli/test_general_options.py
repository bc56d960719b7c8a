"""The options of all commands, wherever they stand."""

import pytest

from cli.error_boundary import apart


@pytest.mark.parametrize(
    ("typed", "general", "rest"),
    [
        ("job list", "", "job list"),
        ("job list --profile prod", "--profile prod", "job list"),
        ("-p prod job list --no-color", "-p prod --no-color", "job list"),
        ("job --profile=prod list", "--profile=prod", "job list"),
        ("job list --profile", "--profile", ""),
        ("robot run -- --profile x", "", "robot run -- --profile x"),
    ],
)
def test_they_are_told_from_the_rest(typed: str, general: str, rest: str) -> None:
    assert apart(typed.split()) == (general.split(), rest.split())
