"""`casare robot drain`, `pause` and `resume`."""

import json

import pytest
from starlette.responses import JSONResponse

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import FakeApi, problem


@pytest.fixture
def busy(api: FakeApi) -> FakeApi:
    """A robot that gives up its two jobs one after the other."""
    looks = [["a", "b"], ["b"]]
    api.failing["/robots/r"] = [JSONResponse({"robot_id": "r", "current_job_ids": held}) for held in looks]
    api.answers |= {"/robots/r": {"robot_id": "r", "current_job_ids": []}, "/robots/r/commands": {"command": "drain"}}
    return api


@pytest.mark.parametrize("command", ["drain", "pause", "resume"])
def test_a_robot_is_told_what_to_do(logged_in: Casare, busy: FakeApi, command: str) -> None:
    outcome = logged_in("robot", command, "r")

    assert (outcome.exit_code, outcome.stdout) == (0, "")
    assert busy.asked("POST", "/robots/r/commands")[0].body == {"command": command}


def test_draining_is_waited_for_and_its_progress_told(logged_in: Casare, busy: FakeApi) -> None:
    outcome = logged_in("robot", "drain", "r", "--wait")

    assert outcome.exit_code == 0
    assert outcome.stderr.splitlines()[:3] == ["0 of 2 jobs finished", "1 of 2 jobs finished", "2 of 2 jobs finished"]
    assert "until it is started again or resumed" in outcome.stderr


def test_draining_that_takes_too_long_is_exit_code_1(logged_in: Casare, busy: FakeApi) -> None:
    outcome = logged_in("robot", "drain", "r", "--wait", "--timeout", "0")

    assert outcome.exit_code == 1
    assert "go on draining" in outcome.stderr


def test_a_robot_that_is_gone_has_nothing_left_to_do(logged_in: Casare, busy: FakeApi) -> None:
    busy.failing["/robots/r"] = [problem(404, "There is no robot r.")]

    outcome = logged_in("robot", "drain", "r", "--wait", "-o", "json")

    assert json.loads(outcome.stdout) == [{"robot_id": "r", "command": "drain"}]


def test_an_unknown_robot_is_exit_code_4(logged_in: Casare, busy: FakeApi) -> None:
    busy.failing["/robots/r/commands"] = [problem(404, "There is no robot r.")]

    assert logged_in("robot", "drain", "r").exit_code == 4
