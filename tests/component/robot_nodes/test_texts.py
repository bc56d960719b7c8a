import asyncio
import time
from decimal import Decimal
from typing import Any

import psutil
import pytest

from robot.cancellation import CancelScope, JobStopped
from robot.errors import WorkflowError
from robot.patterns import PatternProcess
from tests.component.robot_nodes.steps import Steps
from tests.support.eventually import eventually
from tests.unit.robot.documents import node

CATASTROPHE = {"pattern": "(a+)+$", "text": "a" * 40 + "!"}


async def test_a_pattern_matches_with_its_groups(steps: Steps) -> None:
    config = {"pattern": r"(?P<no>\d+)(x)?", "text": "n: 12", "flags": ["ignore_case"]}
    assert await steps.run("text.match", **config) == {
        "matched": True,
        "match": "12",
        "groups": ["12", None],
        "named": {"no": "12"},
        "start": 3,
        "end": 5,
    }
    none = await steps.run("text.match", **config, full=True)
    assert (none["matched"], none["groups"], none["start"]) == (False, [], None)


async def test_all_matches_are_extracted_replaced_and_split_at(steps: Steps) -> None:
    text = "a=1; b=22;"
    found = await steps.run("text.extract", pattern=r"(\w)=(?P<n>\d+)", text=text, group="n")
    assert (found["values"], found["count"], found["matches"][1]["groups"]) == (["1", "22"], 2, ["b", "22"])
    assert (await steps.run("text.extract", pattern=r"\d+", text=text))["values"] == ["1", "22"]
    swapped = await steps.run("text.replace", pattern=r"(\w)=(\d)", text=text, replacement=r"\2=\1")
    assert swapped == {"text": "1=a; 2=b2;", "count": 2}
    assert (await steps.run("text.replace", search=";", text=text, replacement="", count=1))["text"] == "a=1 b=22;"
    parts = await steps.run("text.split", pattern=r";\s*", text=text, drop_empty=True)
    assert parts == {"parts": ["a=1", "b=22"], "count": 2}
    assert (await steps.run("text.split", separator=";", text=text, trim=True))["parts"] == ["a=1", "b=22", ""]
    assert (await steps.run("text.split", text=" a  b "))["parts"] == ["a", "b"]


@pytest.mark.parametrize(
    ("node_type", "config", "error_type"),
    [
        ("text.match", {"pattern": "(", "text": ""}, "INVALID_CONFIG"),
        ("text.match", {"pattern": "a", "text": "", "flags": ["verbose"]}, "INVALID_CONFIG"),
        ("text.match", {"pattern": "a", "text": 5}, "INVALID_CONFIG"),
        ("text.match", {"pattern": "a", "text": "a" * 5_000_001}, "INVALID_CONFIG"),
        ("text.match", {"pattern": "(" * 5_000 + ")" * 5_000, "text": ""}, "INVALID_CONFIG"),
        ("text.extract", {"pattern": "a", "text": "a", "group": 1}, "INVALID_CONFIG"),
        ("text.extract", {"pattern": "()", "text": "a" * 200_000}, "RESULT_TOO_LARGE"),
        ("text.replace", {"pattern": "a", "text": "a" * 10_000, "replacement": "b" * 10_000}, "RESULT_TOO_LARGE"),
        ("text.replace", {"pattern": "a", "text": "a" * 999_999, "replacement": "b" * 9_999}, "RESULT_TOO_LARGE"),
        ("text.replace", {"pattern": "a", "text": "a", "replacement": r"\9"}, "INVALID_CONFIG"),
        ("text.case", {"text": "a", "case": "odd"}, "INVALID_CONFIG"),
        ("text.trim", {"text": "a", "side": "odd"}, "INVALID_CONFIG"),
        ("text.join", {"items": "a"}, "INVALID_CONFIG"),
        ("text.template", {"template": 1}, "INVALID_CONFIG"),
        ("text.parse_number", {"text": "about 5"}, "INVALID_CONFIG"),
        ("text.parse_number", {"text": "1.5", "as": "integer"}, "INVALID_CONFIG"),
        ("text.parse_number", {"text": "1", "decimal_separator": ",", "thousands_separator": ","}, "INVALID_CONFIG"),
    ],
)
async def test_what_does_not_work_is_told(
    steps: Steps, node_type: str, config: dict[str, Any], error_type: str
) -> None:
    assert await steps.refused(node_type, **config) == error_type


async def test_a_setting_that_is_empty_is_told_to_be(steps: Steps) -> None:
    error = await steps.failure("text.match", pattern="", text="a")
    assert (error.error_type, str(error)) == ("INVALID_CONFIG", "`pattern` is empty")


async def test_a_catastrophic_pattern_is_stopped_and_the_job_goes_on(steps: Steps) -> None:
    began = time.monotonic()
    assert await steps.refused("text.match", **CATASTROPHE, timeout_seconds=0.2) == "PATTERN_TIMEOUT"
    assert time.monotonic() - began < 10
    outputs = await steps.run_all(*(node("text.match", pattern="b", text="abc") for _ in range(20)))
    assert all(each["matched"] for each in outputs)
    assert _workers() == []


async def test_stopping_the_job_kills_the_pattern(steps: Steps) -> None:
    scope = CancelScope()
    running = asyncio.create_task(steps.run("text.match", cancel=scope, **CATASTROPHE, timeout_seconds=60))
    await eventually(lambda: any(each.cpu_times().user > 0.1 for each in _workers()))
    scope.cancel()
    with pytest.raises(JobStopped):
        await running
    assert _workers() == []


def _workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if any("patterns/worker" in part for part in each.cmdline())]


@pytest.mark.parametrize(
    ("case", "text", "expected"),
    [
        ("upper", "straße", "STRASSE"),
        ("title", "two words", "Two Words"),
        ("snake", "invoiceNumber HTTPCode 2nd-try", "invoice_number_http_code_2_nd_try"),
        ("snake", "HTTPServer über Öl größeÄndern", "http_server_über_öl_größe_ändern"),
        ("kebab", "Invoice number", "invoice-number"),
        ("kebab", "cafe\u0301 au lait", "café-au-lait"),
        ("camel", "invoice_number", "invoiceNumber"),
        ("camel", "Straße und Ort", "straßeUndOrt"),
    ],
)
async def test_the_case_of_a_text_is_changed(steps: Steps, case: str, text: str, expected: str) -> None:
    assert await steps.run("text.case", text=text, case=case) == {"text": expected}


async def test_texts_are_trimmed_joined_and_filled(steps: Steps) -> None:
    assert (await steps.run("text.trim", text="  a  b ", collapse=True))["text"] == "a b"
    assert (await steps.run("text.trim", text="--a-", characters="-", side="start"))["text"] == "a-"
    assert (await steps.run("text.join", items=[1, None, "x"], separator="|"))["text"] == "1||x"
    # As from a file: the engine resolves what stands in a setting, not what a variable holds.
    template = node("text.template", template="{{letter}}", values={"name": "you"})
    (filled,) = await steps.run_all(template, letter="Dear {{name}}, {{sum}}", sum=5)
    assert filled == {"text": "Dear you, 5"}
    with pytest.raises(WorkflowError, match="no variable"):
        await steps.run_all(template, letter="{{nobody}}")


@pytest.mark.parametrize(
    ("text", "config", "value"),
    [
        ("1,234.50", {}, Decimal("1234.50")),
        ("1.234,50 €", {"decimal_separator": ","}, Decimal("1234.50")),
        ("1'234.5", {}, Decimal("1234.5")),
        ("1 234,5", {"decimal_separator": ","}, Decimal("1234.5")),
        ("(12)", {}, Decimal(-12)),
        ("−3 %", {"as": "integer"}, -3),
        ("1e3", {"as": "float"}, 1000.0),
        ("12,34,567", {}, Decimal(1234567)),
    ],
)
async def test_numbers_are_read_as_people_write_them(
    steps: Steps, text: str, config: dict[str, Any], value: object
) -> None:
    assert await steps.run("text.parse_number", text=text, **config) == {"value": value, "is_number": True}


@pytest.mark.parametrize("text", ["", "1,2,3", "1.2.3", "NaN", "Infinity", "--1", "1" * 200, "1,23.4"])
async def test_what_is_no_number_gives_the_default(steps: Steps, text: str) -> None:
    outputs = await steps.run("text.parse_number", text=text, default=None)
    assert outputs == {"value": None, "is_number": False}


async def test_a_question_that_was_cut_off_does_not_answer_the_next_one() -> None:
    process = PatternProcess()
    question = {"verb": "first", "pattern": ".", "flags": [], "full": False}
    try:
        for pause in (0.0, 0.01, 0.03, 0.05, 0.08):
            asking = asyncio.create_task(process.ask({**question, "text": "old"}, seconds=5))
            await asyncio.wait({asking}, timeout=pause)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert (await process.ask({**question, "text": "new"}, seconds=5))["match"] == "n"
    finally:
        await process.close()
    assert _workers() == []
