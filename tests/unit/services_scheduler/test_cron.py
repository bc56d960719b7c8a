import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.cron import ALIASES, MAX_LENGTH, parse_cron, validate_cron
from services.scheduler.domain.errors import InvalidCron
from shared.kernel.errors import Invalid

ALL_MINUTES = ",".join(map(str, range(60)))


@pytest.mark.parametrize(
    ("expression", "meaning"),
    [
        ("0 9 * * 1-5", "0 9 * * 1,2,3,4,5"),
        ("*/15 * * * *", "0,15,30,45 * * * *"),
        ("0 9 * jan,JUL MON-fri", "0 9 * 1,7 1,2,3,4,5"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * FRI-MON", "0 0 * * 0,1,5,6"),
        ("0 22-2 * * *", "0 0,1,2,22,23 * * *"),
        ("0 0 * * 1-7/2", "0 0 * * 0,1,3,5"),
        ("0 0 * * MON/2", "0 0 * * 1,3,5"),
        ("5/20 * * * *", "5,25,45 * * * *"),
        ("10-50/17 * * * *", "10,27,44 * * * *"),
        ("*/7 * * * *", "0,7,14,21,28,35,42,49,56 * * * *"),
        ("*/90 * * * *", "0 * * * *"),
        ("59/15 23/5 * * *", "59 23 * * *"),
        ("5-5 8-8/3 * * *", "5 8 * * *"),
        ("00 09 01 01 *", "0 9 1 1 *"),
        ("3,1,2,2-4 * * * *", "1,2,3,4 * * * *"),
        ("*/1 *,3 * * *", "* * * * *"),
        (" \t0  9\t* * * ", "0 9 * * *"),
        ("0-59 * * * *", f"{ALL_MINUTES} * * * *"),
    ],
)
def test_an_expression_stands_for_lists_of_numbers(expression: str, meaning: str) -> None:
    assert parse_cron(expression) == meaning


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_in_any_letter_case_stands_for_its_five_fields(alias: str) -> None:
    assert parse_cron(alias.upper()) == parse_cron(f" {alias}") == parse_cron(ALIASES[alias])


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "needs exactly five fields, has 0"),
        ("   ", "needs exactly five fields, has 0"),
        ("invalid", "needs exactly five fields, has 1"),
        ("* * * *", "needs exactly five fields, has 4"),
        ("0 * * * * *", "needs exactly five fields, has 6"),
        ("0 0 1 1 * 0 2030", "needs exactly five fields, has 7"),
        ("60 * * * *", "minute takes 0 to 59"),
        ("* 24 * * *", "hour takes 0 to 23"),
        ("* * 0 * *", "day of month takes 1 to 31"),
        ("* * 32 * *", "day of month takes 1 to 31"),
        ("* * * 0 *", "month takes 1 to 12"),
        ("* * * 13 *", "month takes 1 to 12"),
        ("* * * * 8", "day of week takes 0 to 7"),
        ("0-60 * * * *", "minute takes 0 to 59"),
        ("*/0 * * * *", "step of zero"),
        ("50-10/7 * * * *", "wraps around"),
        ("-5 * * * *", "minute does not understand"),
        ("1,,2 * * * *", "minute does not understand"),
        ("1- * * * *", "minute does not understand"),
        ("*/ * * * *", "minute does not understand"),
        ("*5 * * * *", "minute does not understand"),
        ("*-5 * * * *", "minute does not understand"),
        ("1.5 * * * *", "minute does not understand"),
        ("MON * * * *", "minute does not understand"),
        ("* * * MON *", "month does not understand"),
        ("* * * * JAN", "day of week does not understand"),
        ("* * * * MONDAY", "day of week does not understand"),
        ("999999999999999999999 * * * *", "minute does not understand"),
    ],
)
def test_what_breaks_the_grammar_is_refused_with_the_reason(expression: str, why: str) -> None:
    with pytest.raises(InvalidCron) as refusal:
        validate_cron(expression)
    assert why in refusal.value.detail


@pytest.mark.parametrize(
    "expression", ["R * * * *", "H * * * *", "0 0 L * *", "0 0 15W * *", "0 0 * * 5#2", "0 0 ? * *", "@reboot", "@"]
)
def test_extensions_of_other_implementations_are_refused_rather_than_guessed(expression: str) -> None:
    with pytest.raises(InvalidCron):
        validate_cron(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "\u0665 * * * *",  # an Arabic digit
        "0 0 * * \u017fUN",  # a long s, which ignoring case takes for an s
        "0\u00a00 * * *",
        "0 0 * *\n*",
        "0 0 * * *\n",
        "0 0 * * \0",
        "\ud800 * * * *",
    ],
)
def test_only_plain_ascii_on_one_line_is_an_expression(expression: str) -> None:
    with pytest.raises(InvalidCron):
        validate_cron(expression)


def test_the_length_is_bounded_but_every_minute_can_be_listed() -> None:
    assert parse_cron(f"{ALL_MINUTES} * * * *")
    with pytest.raises(InvalidCron, match="longer than 255 characters"):
        parse_cron("* * * * *" + " " * MAX_LENGTH)


@pytest.mark.parametrize("expression", ["0 0 31 2 *", "0 0 30 FEB *", "0 0 31 4,6,9,11 *"])
def test_an_expression_that_never_fires_is_refused(expression: str) -> None:
    with pytest.raises(InvalidCron, match="never fires"):
        validate_cron(expression)


@pytest.mark.parametrize("expression", ["0 0 29 2 *", "0 0 31 2 MON", "0 0 30,31 2,3 *"])
def test_an_expression_that_fires_rarely_is_accepted(expression: str) -> None:
    validate_cron(expression)


def test_a_bad_expression_is_a_bad_request() -> None:
    assert issubclass(InvalidCron, Invalid)


@given(st.text(max_size=40) | st.text(alphabet="0123456789*/-,@LW#?SUNMAR \t", max_size=40))
def test_any_text_is_either_understood_or_refused(text: str) -> None:
    try:
        meaning = parse_cron(text)
    except InvalidCron:
        return
    assert parse_cron(meaning) == meaning
