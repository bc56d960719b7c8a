from datetime import datetime

import pytest

from services.scheduler.domain.misfire import MAX_RUNS_AT_ONCE, MisfirePolicy, RunPlan, plan_runs

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def at(clock: str, day: str = "2025-01-16") -> int:
    return round(datetime.fromisoformat(f"{day}T{clock}+00:00").timestamp() * 1000)


def plan(policy: MisfirePolicy, *, next_run_ms: int, now_ms: int, cron: str = "@hourly", zone: str = "UTC") -> RunPlan:
    return plan_runs(
        cron=cron, timezone=zone, next_run_ms=next_run_ms, now_ms=now_ms, policy=policy, grace_ms=MINUTE_MS
    )


@pytest.mark.parametrize("policy", MisfirePolicy)
def test_nothing_runs_before_it_is_due(policy: MisfirePolicy) -> None:
    assert plan(policy, next_run_ms=at("10:00"), now_ms=at("10:00") - 1) == RunPlan((), at("10:00"))


@pytest.mark.parametrize("policy", MisfirePolicy)
@pytest.mark.parametrize("late_ms", [0, 1, MINUTE_MS])
def test_a_due_time_within_the_grace_runs_under_every_policy(policy: MisfirePolicy, late_ms: int) -> None:
    assert plan(policy, next_run_ms=at("10:00"), now_ms=at("10:00") + late_ms) == RunPlan((at("10:00"),), at("11:00"))


@pytest.mark.parametrize(
    ("policy", "due"),
    [
        (MisfirePolicy.FIRE_ONCE, ["12:00"]),
        (MisfirePolicy.SKIP, []),
        (MisfirePolicy.FIRE_ALL, ["10:00", "11:00", "12:00"]),
    ],
)
def test_after_downtime_the_policy_decides_about_missed_due_times(policy: MisfirePolicy, due: list[str]) -> None:
    result = plan(policy, next_run_ms=at("10:00"), now_ms=at("12:30"))
    assert result == RunPlan(tuple(map(at, due)), at("13:00"))


@pytest.mark.parametrize(
    ("policy", "due"),
    [
        (MisfirePolicy.FIRE_ONCE, ["12:00"]),
        (MisfirePolicy.SKIP, ["12:00"]),
        (MisfirePolicy.FIRE_ALL, ["10:00", "11:00", "12:00"]),
    ],
)
def test_a_run_that_is_on_time_stands_for_the_missed_ones_before_it(policy: MisfirePolicy, due: list[str]) -> None:
    result = plan(policy, next_run_ms=at("10:00"), now_ms=at("12:00") + MINUTE_MS // 2)
    assert result == RunPlan(tuple(map(at, due)), at("13:00"))


@pytest.mark.parametrize("policy", MisfirePolicy)
def test_several_due_times_within_the_grace_all_run(policy: MisfirePolicy) -> None:
    result = plan(policy, cron="* * * * *", next_run_ms=at("10:00"), now_ms=at("10:01"))
    assert result == RunPlan((at("10:00"), at("10:01")), at("10:02"))


def test_fire_all_runs_the_most_recent_ones_up_to_its_cap() -> None:
    now_ms = at("10:00")
    result = plan(MisfirePolicy.FIRE_ALL, cron="* * * * *", next_run_ms=now_ms - 10 * HOUR_MS, now_ms=now_ms)
    first = now_ms - (MAX_RUNS_AT_ONCE - 1) * MINUTE_MS
    assert result == RunPlan(tuple(range(first, now_ms + 1, MINUTE_MS)), now_ms + MINUTE_MS)


@pytest.mark.parametrize("policy", MisfirePolicy)
def test_years_of_downtime_are_planned_without_walking_through_them(policy: MisfirePolicy) -> None:
    result = plan(policy, cron="* * * * *", next_run_ms=at("00:00", "1990-01-01"), now_ms=at("10:00"))
    assert len(result.due_ms) <= MAX_RUNS_AT_ONCE
    assert result.next_run_ms == at("10:01")


def test_the_stored_due_time_counts_even_when_the_expression_no_longer_names_it() -> None:
    result = plan(MisfirePolicy.FIRE_ONCE, cron="30 * * * *", next_run_ms=at("10:00"), now_ms=at("10:00"))
    assert result == RunPlan((at("10:00"),), at("10:30"))


def test_a_repeated_hour_owes_its_due_time_once() -> None:
    night = "2025-10-26"
    result = plan(
        MisfirePolicy.FIRE_ALL,
        cron="30 2 * * *",
        zone="Europe/Berlin",
        next_run_ms=at("00:30", night),
        now_ms=at("06:00", night),
    )
    assert result == RunPlan((at("00:30", night),), at("01:30", "2025-10-27"))


def test_an_expression_that_has_no_further_due_time_ends() -> None:
    result = plan(MisfirePolicy.FIRE_ONCE, cron="0 0 31 2 *", next_run_ms=at("10:00"), now_ms=at("10:00"))
    assert result == RunPlan((at("10:00"),), None)
