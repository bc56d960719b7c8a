import asyncio
import os
from pathlib import Path

import psutil
import pytest

from robot.cancellation import CancelScope, JobStopped
from robot.executor import Executor, Surroundings
from robot.files import WorkingDirectory
from robot.limits import Limits
from robot.nodes import NODE_TYPES
from robot.secrets import SecretSource
from robot.settings import ALLOW_FRAMEWORK
from tests.component.robot_nodes.steps import Steps
from tests.support.eventually import eventually
from tests.support.extras import need_robot_framework
from tests.unit.robot.documents import document, node

SUITE = """\
*** Settings ***
Library           OperatingSystem
Library           Beside

*** Variables ***
${NAME}           nobody

*** Test Cases ***
Says Who It Is
    [Tags]    quick
    Greet     ${NAME}
    Should Be Equal    ${ORDER}[price]    ${1.5}
    ${key}=    Get Environment Variable    CASARE_ROBOT_API_KEY    none
    Should Be Equal    ${key}    none
    Should Be Equal    %{GIVEN}    yes

Goes Wrong
    [Tags]    slow
    Log    almost    WARN
    Fail    the total is 3, not 4

Is Left Out
    Skip    not today

*** Keywords ***
Greet
    [Arguments]    ${name}
    Log    Hello ${name}
    Be Beside
"""
NAP = f"1234.{os.getpid()}"
HANG = f"""\
*** Settings ***
Library           Process

*** Test Cases ***
Hang
    Start Process    sleep    {NAP}    shell=False
    Sleep    1234s
"""
VARIABLES = {"NAME": "Ada", "ORDER": {"price": 1.5}}


@pytest.fixture(scope="module")
def python() -> Path:
    return need_robot_framework()


@pytest.fixture
def suites(steps: Steps, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    monkeypatch.setenv("CASARE_ROBOT_API_KEY", "hunter2")
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites/shop.robot").write_text(SUITE)
    (tmp_path / "suites/hang.robot").write_text(HANG)
    (tmp_path / "suites/Beside.py").write_text("def be_beside():\n    pass\n")
    steps.allowed = frozenset({ALLOW_FRAMEWORK})
    return steps.within(framework_python=python)


async def test_a_suite_is_run_and_its_outcome_told(suites: Steps, tmp_path: Path) -> None:
    outputs = await suites.run(
        *("robot_framework.run",),
        suite="suites/shop.robot",
        variables=VARIABLES,
        environment={"GIVEN": "yes"},
        fail_job=False,
    )
    assert {name: outputs[name] for name in ("status", "total", "passed", "failed", "skipped")} == {
        "status": "FAIL",
        "total": 3,
        "passed": 1,
        "failed": 1,
        "skipped": 1,
    }
    assert outputs["failures"] == [{"name": "Goes Wrong", "suite": "Shop", "message": "the total is 3, not 4"}]
    assert outputs["summary"] == "1 of 3 tests failed, 1 skipped: Goes Wrong: the total is 3, not 4"
    for name in ("log_html", "report_html", "output_xml"):
        assert outputs[name] == f"robot_framework/shop/{name.replace('_', '.')}"
        assert (tmp_path / outputs[name]).stat().st_size > 1_000
    assert suites.said[0] == "0% of 3 tests – Says Who It Is: Greet"
    shares = [int(said.partition("%")[0]) for said in suites.said]
    assert shares == sorted(shares)
    assert "Is Left Out: BuiltIn.Skip" in suites.said[-1]
    # One of three nodes: its share moves the percentage from a third towards two thirds, keyword by keyword.
    inside = {percent for percent in suites.percents if 33 < percent < 66}
    assert len(inside) >= 3
    assert suites.percents == sorted(suites.percents)


async def test_a_failed_test_fails_the_node_and_names_the_log(suites: Steps) -> None:
    error = await suites.failure("robot_framework.run", suite="suites/shop.robot", include=["slow"])
    assert (error.error_type, error.retryable) == ("TESTS_FAILED", False)
    assert str(error) == (
        "1 of 1 tests failed: Goes Wrong: the total is 3, not 4; the log is robot_framework/shop/log.html"
    )


async def test_tests_are_chosen_by_tag_and_name(suites: Steps) -> None:
    config = {"variables": VARIABLES, "environment": {"GIVEN": "yes"}, "output_folder": "out"}
    chosen = await suites.run("robot_framework.run", suite="suites/shop.robot", exclude=["slow"], **config)
    assert (chosen["status"], chosen["passed"], chosen["skipped"]) == ("PASS", 1, 1)
    named = await suites.run("robot_framework.run", suite="suites", tests=["Is Left Out"], **config)
    assert (named["status"], named["log_html"]) == ("SKIP", "out/log.html")


@pytest.mark.parametrize(
    ("config", "error_type"),
    [
        ({"suite": "../x.robot"}, "PATH_REFUSED"),
        ({"suite": "none.robot"}, "FILE_ERROR"),
        ({"output_folder": "/tmp/x"}, "PATH_REFUSED"),
        ({"include": ["nothing has this"]}, "FRAMEWORK_REFUSED"),
        ({"include": ["--listener=x"]}, "FRAMEWORK_REFUSED"),
        ({"include": 5}, "INVALID_CONFIG"),
        ({"variables": ["NAME"]}, "INVALID_CONFIG"),
        ({"log_level": "LOUD"}, "INVALID_CONFIG"),
    ],
)
async def test_a_suite_that_cannot_be_run_is_told(suites: Steps, config: dict[str, object], error_type: str) -> None:
    assert await suites.refused("robot_framework.run", **{"suite": "suites/shop.robot", **config}) == error_type


async def test_without_leave_or_robot_framework_the_error_says_what_to_do(suites: Steps, tmp_path: Path) -> None:
    config = {"suite": "suites/shop.robot"}
    refused = await Steps(tmp_path).failure("robot_framework.run", **config)
    assert (refused.error_type, ALLOW_FRAMEWORK in str(refused)) == ("NODE_TYPE_DISABLED", True)
    for python in (tmp_path / "none", Path(psutil.Process().exe())):
        missing = suites.within(framework_python=python)
        error = await missing.failure("robot_framework.run", **config)
        assert (error.error_type, "make robotframework" in str(error)) == ("FRAMEWORK_MISSING", True), str(error)


def _sleepers() -> list[int]:
    """The processes that the suite starts, whoever their parent is by now."""
    return [each.pid for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", NAP]]


async def test_no_part_of_a_secret_is_told_where_a_message_is_cut(tmp_path: Path, python: Path) -> None:
    cases = "\n".join(f"At {n}\n    Log    {'x' * n}${{TOKEN}}\n    Fail    {'x' * n}${{TOKEN}}" for n in (495, 1_995))
    (tmp_path / "a.robot").write_text(f"*** Test Cases ***\n{cases}\n")
    executor = Executor(
        WorkingDirectory(tmp_path),
        node_types=NODE_TYPES.allowing({ALLOW_FRAMEWORK}),
        limits=Limits(framework_python=python),
        secrets=SecretSource({"CASARE_SECRET_TOKEN": "token-of-the-robot"}),
    )
    step = node("robot_framework.run", suite="a.robot", variables={"TOKEN": "{{secrets.TOKEN}}"}, fail_job=False)
    flow = document(
        *("start -> step", "step -> end", "step.failures -> end.failures"),
        start=node("StartNode"),
        step=step,
        end=node("EndNode"),
    )
    lines: list[str] = []
    around = Surroundings(log=lambda _level, message, _node: lines.append(message))
    result = await executor.run(flow, around=around)
    assert [failure["message"][490:500] for failure in result["outputs"]["failures"]] == ["xxxxx***", "x" * 10]
    assert any(line.endswith("x***") for line in lines)
    assert "toke" not in repr((result, lines))


async def test_a_suite_that_takes_too_long_is_ended(suites: Steps) -> None:
    error = await suites.failure("robot_framework.run", suite="suites/hang.robot", timeout_seconds=1.5)
    assert error.error_type == "FRAMEWORK_TIMEOUT"
    assert _sleepers() == []


async def test_stopping_the_job_ends_the_suite_and_what_it_started(suites: Steps) -> None:
    scope = CancelScope()
    running = asyncio.create_task(suites.run("robot_framework.run", cancel=scope, suite="suites/hang.robot"))
    await eventually(_sleepers, timeout_seconds=20)
    scope.cancel()
    with pytest.raises(JobStopped):
        await running
    assert _sleepers() == []
    assert [each for each in psutil.Process().children() if "-I" in each.cmdline()] == []
