"""When another attempt follows, and what a retry of an ended job is."""

import pytest

from services.dispatcher.domain.dead_letters import DeadReason, retry_id_of, summarize
from services.dispatcher.domain.resubmission import JobNotRetryable, require_retryable, resubmission
from services.dispatcher.domain.retry import why_not_again
from shared.jobs import JobStatus
from tests.support.jobs import NOW_MS, a_held_job, a_job


@pytest.mark.parametrize(
    ("attempt", "retryable", "must_end_ms", "expected"),
    [
        (1, True, None, None),
        (1, True, NOW_MS + 1, None),
        (1, True, NOW_MS, DeadReason.DEADLINE),
        (1, False, None, DeadReason.NOT_RETRYABLE),
        (3, True, None, DeadReason.ATTEMPTS_EXHAUSTED),
        (3, False, NOW_MS, DeadReason.NOT_RETRYABLE),
    ],
)
def test_an_attempt_follows_unless_something_speaks_against_it(
    attempt: int, retryable: bool, must_end_ms: int | None, expected: DeadReason | None
) -> None:
    job = a_held_job(attempt=attempt, max_attempts=3, must_end_ms=must_end_ms)
    assert why_not_again(job, retryable=retryable, run_at_ms=NOW_MS) is expected


@pytest.mark.parametrize("status", list(JobStatus))
def test_only_jobs_that_ended_without_success_can_be_retried(status: JobStatus) -> None:
    if status in (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT):
        require_retryable(a_job(status=status))
    else:
        with pytest.raises(JobNotRetryable):
            require_retryable(a_job(status=status))


def test_a_retry_gets_as_long_as_the_first_job_had() -> None:
    old = a_job(status="failed", must_end_ms=NOW_MS + 5_000, variables_json='{"a":[1,null,{"$b":0.1}]}')
    new = resubmission(old, new_job_id="n", requested_by="u", now_ms=NOW_MS + 60_000)
    assert (new.must_end_ms, new.retry_of, new.trigger) == (NOW_MS + 65_000, old.job_id, "retry")
    assert new.variables == {"a": [1, None, {"$b": 0.1}]}
    assert resubmission(a_job(status="failed"), new_job_id="n", requested_by="u", now_ms=NOW_MS).must_end_ms is None


def test_a_dead_letters_retry_has_one_id_of_its_own() -> None:
    ended = a_job(finished_ms=NOW_MS)
    others = [a_job(finished_ms=NOW_MS, tenant_id="other"), a_job(finished_ms=NOW_MS, job_id="job-2")]
    assert retry_id_of(ended) == retry_id_of(a_job(finished_ms=NOW_MS, attempt=2))
    assert len({retry_id_of(job) for job in (ended, *others)}) == 3
    assert len(retry_id_of(ended)) <= 64


def test_the_figures_name_the_ten_workflows_with_most_by_their_newest_name() -> None:
    newest = [
        a_job(job_id=f"j{n}", workflow_id=f"w{n % 12}", workflow_name=f"name {n}", dead_reason="timeout")
        for n in range(30)
    ]
    stats = summarize(newest, total=70, oldest_ms=1)
    assert (stats.total, stats.n_counted, stats.by_reason) == (70, 30, {"timeout": 30})
    assert len(stats.by_workflow) == 10
    assert stats.by_workflow[0] == ("w0", "name 0", 3)
    assert stats.by_error_type == {"UNKNOWN": 30}
