"""How rollups grow."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.metrics.domain.facts import JobFact
from services.metrics.domain.rollup_keys import DAY_MS, TOTAL_KEY, keys_of, robot_day_key, tenant_day_key
from services.metrics.domain.rollups import empty_rollup
from shared.jobs import JobStatus

NOON_MS = 1_767_268_800_000


def fact(job_id: str = "j", status: JobStatus = JobStatus.COMPLETED, **values: Any) -> JobFact:
    given = {"robot_id": "r-1", "finished_ms": NOON_MS, "duration_ms": 1_000, "error_type": None, **values}
    names = {"tenant_id": "acme", "workflow_id": "w", "workflow_name": "n", "environment": "default"}
    return JobFact(job_id=job_id, status=status, **{**names, **given})


def test_a_job_counts_in_total_and_for_its_tenant_and_its_robot_that_day() -> None:
    late = NOON_MS + DAY_MS // 2 - 1
    assert keys_of(fact(finished_ms=late)) == (
        TOTAL_KEY,
        tenant_day_key("acme", NOON_MS),
        robot_day_key("acme", "r-1", NOON_MS - DAY_MS // 2),
    )
    assert robot_day_key("acme", "r-1", late).starts_ms % DAY_MS == 0


def test_a_job_that_no_robot_had_counts_for_none() -> None:
    assert keys_of(fact(robot_id=None)) == (TOTAL_KEY, tenant_day_key("acme", NOON_MS))


def test_every_status_has_its_count_and_cancelled_jobs_no_duration() -> None:
    facts = [fact(status.value, status, duration_ms=100) for status in JobStatus if status in ENDS]
    rollup = empty_rollup(TOTAL_KEY).plus(facts, unsettled=(), write_id="w1")
    assert rollup is not None
    assert (rollup.completed, rollup.failed, rollup.cancelled, rollup.timeout) == (1, 1, 1, 1)
    assert (rollup.duration_ms_sum, rollup.n_durations, rollup.average_duration_ms) == (300, 3, 100)


ENDS = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT)


def test_the_average_of_no_jobs_is_zero() -> None:
    assert empty_rollup(TOTAL_KEY).average_duration_ms == 0


def test_a_job_that_is_applied_changes_nothing() -> None:
    once = empty_rollup(TOTAL_KEY).plus([fact("a")], unsettled={"a"}, write_id="w1")
    assert once is not None
    assert once.plus([fact("a")], unsettled={"a"}, write_id="w2") is None


def test_only_unsettled_jobs_stay_applied() -> None:
    first = empty_rollup(TOTAL_KEY).plus([fact("a"), fact("b")], unsettled={"a", "b"}, write_id="w1")
    assert first is not None
    second = first.plus([fact("c")], unsettled={"b", "c"}, write_id="w2")
    assert second is not None
    assert (second.applied, second.version, second.write_id, second.completed) == (("b", "c"), 2, "w2", 3)


def test_only_a_tenants_day_keeps_details() -> None:
    facts = [fact("a", JobStatus.FAILED, error_type="E.$"), fact("b", healing_attempts=3, healing_successes=2)]
    keys = (TOTAL_KEY, robot_day_key("acme", "r-1", NOON_MS), tenant_day_key("acme", NOON_MS))
    total, robot_day, tenant_day = (empty_rollup(key).plus(facts, unsettled=(), write_id="w1") for key in keys)
    assert total is not None
    assert robot_day is not None
    assert tenant_day is not None
    for plain in (total, robot_day):
        assert (plain.errors_json, plain.durations_json, plain.workflows_json) == ("{}", "[]", "{}")
    assert tenant_day.errors_json == '{"E.$":1}'
    assert tenant_day.durations_json == "[346,2]"
    assert tenant_day.workflows_json == f'{{"w":[2,2000,{NOON_MS},"n"]}}'
    assert (tenant_day.healing_attempts, tenant_day.healing_successes) == (3, 2)


@given(
    st.tuples(st.text(max_size=4), st.text(max_size=4)),
    st.tuples(st.text(max_size=4), st.text(max_size=4)),
)
def test_robots_of_different_tenants_never_share_a_rollup(one: tuple[str, str], other: tuple[str, str]) -> None:
    def id_of(robot: tuple[str, str]) -> str:
        return robot_day_key(*robot, NOON_MS).rollup_id

    assert (id_of(one) == id_of(other)) == (one == other)


def test_kinds_never_share_an_id() -> None:
    keys = (TOTAL_KEY, tenant_day_key("", 0), robot_day_key("", "", 0))
    assert len({key.rollup_id for key in keys}) == len(keys)
