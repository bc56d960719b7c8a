"""Lists that come in pages."""

import json
from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import FakeApi, job


def robots(first: int, count: int, total: int) -> JSONResponse:
    return JSONResponse({"robots": [{"robot_id": f"r{first + n}"} for n in range(count)], "total": total})


def jobs(first: int, count: int, cursor: str | None) -> JSONResponse:
    return JSONResponse({"jobs": [job("pending", job_id=f"j{first + n}") for n in range(count)], "next_cursor": cursor})


def ids(text: str, name: str) -> list[Any]:
    return [entry[name] for entry in json.loads(text)]


def test_all_pages_of_a_numbered_list_are_read(logged_in: Casare, api: FakeApi) -> None:
    api.failing["/robots"] = [robots(0, 500, 700), robots(500, 200, 700)]

    outcome = logged_in("robot", "list", "--all", "-o", "json")

    assert ids(outcome.stdout, "robot_id") == [f"r{number}" for number in range(700)]
    assert [one.params for one in api.asked("GET", "/robots")] == [{"limit": "500"}, {"limit": "500", "offset": "500"}]


def test_all_pages_of_a_list_with_a_cursor_are_read(logged_in: Casare, api: FakeApi) -> None:
    api.failing["/jobs"] = [jobs(0, 2, "a"), jobs(2, 0, "b"), jobs(2, 1, None)]

    assert ids(logged_in("job", "list", "--all", "-o", "json").stdout, "job_id") == ["j0", "j1", "j2"]
    assert [one.params.get("cursor") for one in api.asked("GET", "/jobs")] == [None, "a", "b"]


def test_no_more_is_asked_for_than_is_wanted(logged_in: Casare, api: FakeApi) -> None:
    api.failing["/jobs"] = [jobs(0, 500, "a"), jobs(500, 20, "b")]

    outcome = logged_in("job", "list", "--limit", "520", "-o", "json")

    assert len(json.loads(outcome.stdout)) == 520
    assert [one.params["limit"] for one in api.asked("GET", "/jobs")] == ["500", "20"]
    assert "and more" in outcome.stderr


@pytest.mark.parametrize("total", [3, 4])
def test_a_list_that_shrinks_while_it_is_read_ends(logged_in: Casare, api: FakeApi, total: int) -> None:
    api.failing["/robots"] = [robots(0, 3, total), robots(0, 0, total)]

    assert len(json.loads(logged_in("robot", "list", "--all", "-o", "json").stdout)) == 3
