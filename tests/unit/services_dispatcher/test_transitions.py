"""Every state × every verb, from the one table."""

from collections.abc import Callable
from typing import Final

import pytest

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.dead_letters import DeadReason, Removal
from services.dispatcher.domain.transitions import TRANSITIONS, Change, TransitionRefused, Verb
from shared.jobs import TERMINAL, Job, JobStatus
from tests.support.jobs import NOW_MS, a_held_job

NOT_RETRYABLE: Final = DeadReason.NOT_RETRYABLE
ACTIONS: Final[dict[Verb, Callable[[Job], Change]]] = {
    Verb.PROMOTE: lifecycle.promote,
    Verb.CLAIM: lambda job: lifecycle.claim(job, robot_id="r2", lease_token="t", lease_seconds=30, now_ms=NOW_MS),
    Verb.ACCEPT: lambda job: lifecycle.accept(job, lease_seconds=60, now_ms=NOW_MS),
    Verb.PROGRESS: lambda job: lifecycle.progress(job, percent=5, current_node=None, message=None, now_ms=NOW_MS),
    Verb.EXTEND: lambda job: lifecycle.extend(job, extension_seconds=30, now_ms=NOW_MS),
    Verb.COMPLETE: lambda job: lifecycle.complete(job, result_json="{}", report="r", now_ms=NOW_MS),
    Verb.FAIL: lambda job: lifecycle.fail(
        job, error_message="e", error_type=None, failed_node=None, reason=NOT_RETRYABLE, report="r", now_ms=NOW_MS
    ),
    Verb.RETRY: lambda job: lifecycle.retry(job, error_message="e", error_type=None, run_at_ms=NOW_MS + 1, report="r"),
    Verb.RELEASE: lambda job: lifecycle.release(job, reason="", report="r"),
    Verb.EXPIRE: lambda job: lifecycle.expire(job, now_ms=NOW_MS),
    Verb.TIME_OUT: lambda job: lifecycle.time_out(job, now_ms=NOW_MS),
    Verb.CANCEL: lambda job: lifecycle.cancel(job, cancelled_by="u", now_ms=NOW_MS),
    Verb.REMOVE_DEAD_LETTER: lambda job: lifecycle.remove_dead_letter(job, how=Removal.DELETED, removed_by="u"),
}

PENDING, CLAIMED, RUNNING = JobStatus.PENDING, JobStatus.CLAIMED, JobStatus.RUNNING
EXPECTED: Final[dict[tuple[JobStatus, Verb], JobStatus]] = {
    (PENDING, Verb.PROMOTE): PENDING,
    (PENDING, Verb.CLAIM): CLAIMED,
    (PENDING, Verb.CANCEL): JobStatus.CANCELLED,
    (PENDING, Verb.TIME_OUT): JobStatus.TIMEOUT,
    (JobStatus.FAILED, Verb.REMOVE_DEAD_LETTER): JobStatus.FAILED,
    (JobStatus.TIMEOUT, Verb.REMOVE_DEAD_LETTER): JobStatus.TIMEOUT,
    (CLAIMED, Verb.ACCEPT): RUNNING,
    (RUNNING, Verb.ACCEPT): RUNNING,
    (CLAIMED, Verb.PROGRESS): RUNNING,
    (CLAIMED, Verb.EXTEND): CLAIMED,
    (RUNNING, Verb.EXTEND): RUNNING,
    (RUNNING, Verb.PROGRESS): RUNNING,
    **{
        (status, verb): target
        for status in (CLAIMED, RUNNING)
        for verb, target in (
            (Verb.COMPLETE, JobStatus.COMPLETED),
            (Verb.FAIL, JobStatus.FAILED),
            (Verb.RETRY, PENDING),
            (Verb.RELEASE, PENDING),
            (Verb.EXPIRE, PENDING),
            (Verb.TIME_OUT, JobStatus.TIMEOUT),
            (Verb.CANCEL, JobStatus.CANCELLED),
        )
    },
}
"""Written out by hand from clarifications 11, independently of the table under test."""


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("status", list(JobStatus))
def test_each_verb_leads_where_the_contract_says_or_is_refused(status: JobStatus, verb: Verb) -> None:
    job = a_held_job(status=status)
    expected = EXPECTED.get((status, verb))
    if expected is None:
        with pytest.raises(TransitionRefused):
            ACTIONS[verb](job)
        return
    change = ACTIONS[verb](job)
    assert change.fields.get("status", status) == expected
    assert status in change.sources


def test_no_verb_leads_out_of_a_terminal_state() -> None:
    assert all(target is None or not sources & TERMINAL for sources, target in TRANSITIONS.values())


def test_every_verb_has_an_action_and_a_row() -> None:
    assert set(ACTIONS) == set(TRANSITIONS) == set(Verb)


def test_every_change_of_state_has_an_event() -> None:
    for (status, verb), target in EXPECTED.items():
        change = ACTIONS[verb](a_held_job(status=status))
        is_announced = target is not status or verb in (Verb.PROMOTE, Verb.REMOVE_DEAD_LETTER)
        assert (change.event is not None) == is_announced, (status, verb)
