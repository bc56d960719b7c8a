"""`casare metrics rebuild`."""

import json
from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import FakeApi, problem

PATH = "/metrics/rebuild"


def rebuild(status: str, **more: Any) -> dict[str, Any]:
    return {"rebuild_id": "a", "status": status, "days_done": 0, "days_total": 122, "total_kept": False, **more}


@pytest.fixture
def running(api: FakeApi) -> FakeApi:
    """A rebuild that is done at the third look."""
    looks = [rebuild("running", days_total=0), rebuild("running", days_done=40), rebuild("running", days_done=40)]
    api.failing[PATH] = [JSONResponse(looks[0], 202), *map(JSONResponse, looks[1:])]
    api.answers[PATH] = rebuild("done", days_done=122)
    return api


def test_a_rebuild_is_asked_for_and_waited_for(logged_in: Casare, running: FakeApi) -> None:
    outcome = logged_in("metrics", "rebuild")
    assert (outcome.exit_code, outcome.stdout) == (0, "")
    assert outcome.stderr.splitlines() == ["40 of 122 days", "122 of 122 days", "The figures are rebuilt."]
    assert (len(running.asked("POST", PATH)), len(running.asked("GET", PATH))) == (1, 3)


def test_nobody_has_to_wait(logged_in: Casare, running: FakeApi) -> None:
    outcome = logged_in("metrics", "rebuild", "--no-wait", "-o", "json")
    assert (outcome.exit_code, json.loads(outcome.stdout)["status"]) == (0, "running")
    assert running.asked("GET", PATH) == []


def test_totals_that_were_kept_are_mentioned(logged_in: Casare, api: FakeApi) -> None:
    api.answers[PATH] = rebuild("done", total_kept=True)
    assert "totals stay" in logged_in("metrics", "rebuild").stderr


def test_a_rebuild_that_was_given_up_is_a_failure(logged_in: Casare, api: FakeApi) -> None:
    api.answers[PATH] = rebuild("failed")
    assert logged_in("metrics", "rebuild").exit_code == 1


def test_only_admins_may(logged_in: Casare, api: FakeApi) -> None:
    api.failing[PATH] = [problem(403, "You may not do this.")]
    assert logged_in("metrics", "rebuild").exit_code == 3
