"""Who may report on a job."""

import pytest

from services.dispatcher.domain.reports import NotHeld, Reporter, report_key
from tests.support.jobs import a_held_job


@pytest.mark.parametrize(
    "reporter",
    [
        Reporter("r1"),
        Reporter("r1", lease_token="token-1"),
        Reporter("r1", attempt=1),
        Reporter(None),
        Reporter(None, lease_token="token-1"),
    ],
)
def test_the_holder_may_report(reporter: Reporter) -> None:
    reporter.require_holds(a_held_job())


@pytest.mark.parametrize(
    "reporter",
    [
        Reporter("r2"),
        Reporter("r1", lease_token="another"),
        Reporter("r1", lease_token="tökén"),
        Reporter("r1", attempt=2),
        Reporter("r2", lease_token="token-1"),
        Reporter(None, lease_token=""),
    ],
)
def test_nobody_else_may(reporter: Reporter) -> None:
    with pytest.raises(NotHeld):
        reporter.require_holds(a_held_job())


def test_nobody_holds_a_job_that_waits() -> None:
    with pytest.raises(NotHeld):
        Reporter("r1").require_holds(a_held_job(status="pending"))


def test_a_repeat_of_the_report_that_ended_the_attempt_gets_the_first_outcome() -> None:
    held = a_held_job()
    ended = a_held_job(status="completed", lease_token=None, last_report=report_key(held, "complete", "completed"))
    assert Reporter("r1").repeats(ended, "complete") == "completed"
    assert Reporter("r1", lease_token="token-1", attempt=1).repeats(ended, "complete") == "completed"


@pytest.mark.parametrize(
    ("reporter", "verb"),
    [
        (Reporter("r2"), "complete"),
        (Reporter("r1"), "fail"),
        (Reporter("r1", attempt=2), "complete"),
        (Reporter("r1", lease_token="another"), "complete"),
        (Reporter(None), "complete"),
    ],
)
def test_anything_else_is_no_repeat(reporter: Reporter, verb: str) -> None:
    held = a_held_job()
    ended = a_held_job(status="completed", last_report=report_key(held, "complete", "completed"))
    assert reporter.repeats(ended, verb) is None
