"""The page of the command says what the command is, and every command explains itself."""

import re
import shlex
from itertools import dropwhile
from typing import Final

import pytest

from cli.error_boundary import apart
from docs.generate_cli_reference import PAGE, PROGRAM, Described, described, groups, page

COMMANDS: Final = list(described())


def name_of(one: Described) -> str:
    """How a command is called in a test's name."""
    return one.name


def test_the_page_of_the_command_is_what_the_command_says() -> None:
    hint = "run `.venv/bin/python docs/generate_cli_reference.py`"
    assert PAGE.read_text(encoding="utf-8") == page(), hint


@pytest.mark.parametrize("one", COMMANDS, ids=name_of)
def test_every_command_has_a_summary_and_an_example_that_can_be_typed_so(one: Described) -> None:
    assert one.paragraphs, "no summary"
    assert one.paragraphs[0].endswith((".", ".)"))
    assert one.examples, "no example"
    for example in one.examples:
        words = words_of(example)
        n_words = len(one.words)
        assert tuple(words[:n_words]) == one.words, f"{example!r} is of another command"
        # Raises what the person would read who types it so.
        one.command.make_context(one.name, words[n_words:], resilient_parsing=False)


@pytest.mark.parametrize("one", COMMANDS, ids=name_of)
def test_every_option_and_argument_says_what_it_is_for(one: Described) -> None:
    silent = [parameter.name for parameter in one.command.params if not parameter.help]
    assert silent == []


def test_every_group_says_what_it_holds() -> None:
    assert [group.name for group in groups() if not group.paragraphs] == []


def words_of(example: str) -> list[str]:
    """The example's words from the command's name on, without what the shell does around and in them."""
    with_words = re.sub(r"\$\([^)]*\)", "substituted", example)
    parts = [shlex.split(part) for part in re.split(r" \|(?: |$)| > ", with_words)]
    (words,) = ([*dropwhile(is_assignment, part)][1:] for part in parts if PROGRAM in part[:3] and part[-1] != PROGRAM)
    _, rest = apart(words)
    return rest


def is_assignment(word: str) -> bool:
    """Whether the shell takes it for a variable of the command."""
    return "=" in word
