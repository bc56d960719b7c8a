"""`casare schedule` against the product."""

from collections.abc import Iterator

import pytest

from tests.component.cli_on_product.conftest import Casare

NIGHTLY = ("--cron", "30 2 * * *", "--timezone", "Europe/Berlin", "--name", "Nightly")


@pytest.fixture
def schedule_id(casare: Casare, workflow_id: str, name: str) -> Iterator[str]:
    """A schedule of the test's workflow."""
    made = str(casare.answer("schedule", "create", name, *NIGHTLY)["schedule_id"])
    yield made
    casare("schedule", "delete", made, "--yes")


def test_a_schedule_is_made_listed_and_shown(casare: Casare, schedule_id: str, name: str) -> None:
    (listed,) = casare.answer("schedule", "list", "--workflow", name)
    assert listed == casare.answer("schedule", "show", schedule_id)
    assert (listed["timezone"], listed["enabled"]) == ("Europe/Berlin", True)
    assert "Nightly" in casare.done("schedule", "list", "--enabled").stdout
    casare.refused("schedule", "show", "770e8400-e29b-41d4-a716-446655440002", code=4)


def test_a_wrong_cron_expression_is_answered_with_how_one_looks(casare: Casare, workflow_id: str) -> None:
    line = casare.refused("schedule", "create", workflow_id, "--cron", "0 2 * *", code=2)

    assert "exactly five fields, has 4." in line
    assert "minute 0-59, hour 0-23" in line
    line = casare.refused("schedule", "create", workflow_id, "--cron", "@daily", "--timezone", "Mars", code=2)
    assert "Europe/Berlin" in line
    assert "minute 0-59" not in line


def test_its_next_due_times_are_told_by_its_clock(casare: Casare, schedule_id: str) -> None:
    due = casare.answer("schedule", "next", schedule_id, "--count", "3")

    assert len(due) == 3
    assert due[0]["due_at"] == casare.answer("schedule", "show", schedule_id)["next_run"]
    assert all(" 02:30 CE" in one["in_its_zone"] for one in due)
    assert len(casare.done("schedule", "next", schedule_id, "--count", "3").stdout.splitlines()) == 4


def test_all_that_runs_next_is_told(casare: Casare, schedule_id: str, name: str) -> None:
    (run,) = casare.answer("schedule", "next", "--workflow", name)
    assert run["schedule_id"] == schedule_id
    assert "Nightly" in casare.done("schedule", "next").stdout


def test_a_disabled_schedule_is_not_due_but_can_be_run(casare: Casare, schedule_id: str) -> None:
    assert casare.answer("schedule", "disable", schedule_id)["next_run"] is None
    assert "will not run" in casare.done("schedule", "next", schedule_id).stderr

    assert casare.answer("schedule", "trigger", schedule_id, "--watch")["status"] == "completed"

    assert casare.answer("schedule", "enable", schedule_id)["run_count"] == 1


def test_a_schedule_is_deleted_when_it_is_said_twice(casare: Casare, schedule_id: str) -> None:
    assert "--yes" in casare.refused("schedule", "delete", schedule_id, code=2)
    assert casare.answer("schedule", "delete", schedule_id, "--yes")["status"] == "success"
    casare.refused("schedule", "trigger", schedule_id, code=4)
