"""What verbs do to a job beyond its state."""

from collections.abc import Callable

import msgspec
import pytest

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.dead_letters import DeadReason
from services.dispatcher.domain.retry import RetryPolicy, has_attempts_left
from services.dispatcher.domain.transitions import Change, Verb
from shared.events.jobs import JobCompleted, JobFailed, JobFinished, JobLeaseExpired, JobReleased, JobStarted
from shared.jobs import Job
from shared.jobs.position import parse_position
from tests.support.jobs import NOW_MS, a_held_job, a_job


def test_a_claim_starts_a_new_attempt_with_a_fresh_lease_and_a_deadline() -> None:
    change = lifecycle.claim(
        a_job(attempt=2, progress=40, timeout_seconds=60),
        robot_id="r2",
        lease_token="fresh",
        lease_seconds=30,
        now_ms=NOW_MS,
    )
    fields = change.fields
    assert (fields["attempt"], fields["robot_id"], fields["lease_token"]) == (3, "r2", "fresh")
    assert fields["lease_expires_ms"] == NOW_MS + 30_000
    assert fields["deadline_ms"] == NOW_MS + 60_000
    assert (fields["progress"], fields["queue_position"], fields["started_ms"]) == (0, None, None)


def test_only_the_first_progress_of_an_attempt_is_an_event() -> None:
    first = lifecycle.progress(
        a_held_job(status="claimed", started_ms=None), percent=1, current_node="n", message=None, now_ms=NOW_MS + 7
    )
    later = lifecycle.progress(a_held_job(), percent=2, current_node="n", message=None, now_ms=NOW_MS + 8)
    assert isinstance(first.event, JobStarted)
    assert first.fields["started_ms"] == NOW_MS + 7
    assert later.event is None
    assert later.fields["lease_expires_ms"] == NOW_MS + 8 + 30_000


def test_a_released_job_takes_its_old_place_and_the_attempt_is_not_counted() -> None:
    job = a_held_job(attempt=2)
    change = lifecycle.release(job, reason="drain", report="report")
    assert isinstance(change.event, JobReleased)
    assert change.fields["n_released"] == 1
    assert job.attempts_used - 1 == 1
    position = parse_position(change.fields["queue_position"])
    assert (position.job_id, position.priority, position.created_ms) == (job.job_id, job.priority, job.created_ms)


def test_an_expired_lease_returns_the_job_while_attempts_are_left() -> None:
    change = lifecycle.expire(a_held_job(attempt=1, max_attempts=2), now_ms=NOW_MS)
    assert isinstance(change.event, JobLeaseExpired)
    assert change.fields["lease_token"] is None
    assert change.fields["last_report"] is None


def test_an_expired_lease_fails_the_job_when_its_attempts_are_used_up() -> None:
    change = lifecycle.expire(a_held_job(attempt=2, max_attempts=2), now_ms=NOW_MS)
    assert change.verb is Verb.FAIL
    assert isinstance(change.event, JobFailed)
    assert change.event.error_type == lifecycle.LEASE_EXPIRED
    assert change.fields["last_report"] is None


def test_released_attempts_leave_room_for_others() -> None:
    assert has_attempts_left(a_held_job(attempt=5, n_released=3, max_attempts=3))
    assert not has_attempts_left(a_held_job(attempt=3, n_released=0, max_attempts=3))


def test_a_completed_job_tells_its_duration() -> None:
    change = lifecycle.complete(a_held_job(), result_json='{"a":1}', report="report", now_ms=NOW_MS + 1_500)
    assert isinstance(change.event, JobCompleted)
    assert change.event.duration_ms == 1_500
    assert (change.fields["progress"], change.fields["result_json"]) == (100, '{"a":1}')


def test_a_completed_job_tells_what_its_robot_healed() -> None:
    result = '{"self_healing": {"attempts": 3, "successes": 2}}'
    event = lifecycle.complete(a_held_job(), result_json=result, report="report", now_ms=NOW_MS).event
    assert isinstance(event, JobCompleted)
    assert (event.healing_attempts, event.healing_successes) == (3, 2)


def test_a_failed_attempt_keeps_what_its_robot_told_and_counts_what_it_healed() -> None:
    result = '{"node_execution": [{"node_id": "n", "self_healing": {"attempts": 3, "successes": 1}}]}'
    change = lifecycle.fail(
        a_held_job(),
        error_message="no",
        error_type="E",
        failed_node="n",
        reason=DeadReason.NOT_RETRYABLE,
        report="report",
        now_ms=NOW_MS,
        result_json=result,
    )
    assert change.fields["result_json"] == result
    assert isinstance(change.event, JobFailed)
    assert (change.event.healing_attempts, change.event.healing_successes) == (3, 1)
    again = lifecycle.retry(
        a_held_job(), error_message="no", error_type=None, run_at_ms=NOW_MS, report="report", result_json=result
    )
    assert again.fields["result_json"] == result


HEALED = '{"self_healing": {"attempts": 3, "successes": 1}}'


@pytest.mark.parametrize(
    ("end", "told", "counts"),
    [
        (lambda job: lifecycle.complete(job, result_json=HEALED, report="r", now_ms=NOW_MS), "running", (8, 3)),
        (lambda job: lifecycle.expire(job, now_ms=NOW_MS), "running", (5, 2)),
        (lambda job: lifecycle.time_out(job, now_ms=NOW_MS), "running", (5, 2)),
        (lambda job: lifecycle.cancel(job, cancelled_by="u", now_ms=NOW_MS), "running", (5, 2)),
        (lambda job: lifecycle.cancel(job, cancelled_by="u", now_ms=NOW_MS), "waiting", (5, 2)),
        (lambda job: lifecycle.time_out(job, now_ms=NOW_MS), "waiting", (5, 2)),
    ],
    ids=["completed", "lease expired", "timed out", "cancelled", "cancelled waiting", "timed out waiting"],
)
def test_however_a_job_ends_it_tells_what_all_its_attempts_healed(
    end: Callable[[Job], Change], told: str, counts: tuple[int, int]
) -> None:
    first = a_held_job(max_attempts=2, healing_attempts=2, healing_successes=1)
    retry = lifecycle.retry(
        first, error_message="no", error_type=None, run_at_ms=NOW_MS, report="r", result_json=HEALED
    )
    job = msgspec.structs.replace(first, **retry.fields)
    if told == "running":
        claim = lifecycle.claim(job, robot_id="r2", lease_token="fresh", lease_seconds=30, now_ms=NOW_MS)
        job = msgspec.structs.replace(job, **claim.fields)
    event = end(job).event
    assert isinstance(event, JobFinished)
    assert (event.healing_attempts, event.healing_successes) == counts


def test_an_attempt_that_was_given_back_counts_no_healing_twice() -> None:
    job = a_job(result_json=HEALED)
    for _ in range(2):
        claim = lifecycle.claim(job, robot_id="r2", lease_token="fresh", lease_seconds=30, now_ms=NOW_MS)
        job = msgspec.structs.replace(job, **claim.fields)
        job = msgspec.structs.replace(job, **lifecycle.release(job, reason="busy", report="r").fields)
    assert (job.healing_attempts, job.healing_successes, job.result_json) == (3, 1, None)


def test_nothing_of_an_earlier_attempt_is_the_result_of_a_later_one() -> None:
    stale = a_job(result_json='{"outputs": {"half": 1}}')
    claim = lifecycle.claim(stale, robot_id="r2", lease_token="fresh", lease_seconds=30, now_ms=NOW_MS)
    assert claim.fields["result_json"] is None
    held = a_held_job(attempt=2, max_attempts=2, result_json=stale.result_json)
    assert lifecycle.expire(held, now_ms=NOW_MS).fields["result_json"] is None
    assert lifecycle.complete(held, result_json="{}", report="r", now_ms=NOW_MS).fields["result_json"] == "{}"


def test_backoff_doubles_up_to_its_cap_and_is_spread_over_its_upper_half() -> None:
    policy = RetryPolicy(base_ms=1_000, cap_ms=5_000)
    assert [policy.delay_ms(n, 0.0) for n in (1, 2, 3, 4, 50)] == [500, 1_000, 2_000, 2_500, 2_500]
    assert policy.delay_ms(2, 0.999) < 2_000
