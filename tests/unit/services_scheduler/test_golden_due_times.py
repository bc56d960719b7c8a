"""Three years of due times, leap day included, as they are kept and as another implementation has them (faults 28)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.scheduler.domain import next_due
from shared.kernel.clock import to_ms
from tests.unit.services_scheduler import reference_due_times as reference

_AROUND = timedelta(hours=6)


def due_times(cron: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    """The product's due times within [start, end), all in UTC and naive."""
    after_ms, until_ms = (to_ms(moment.replace(tzinfo=UTC)) - 1 for moment in (start, end))
    found = next_due.due_times(cron, zone, after_ms, until_ms, limit=10**6)
    return [datetime.fromtimestamp(due_ms / 1000, UTC).replace(tzinfo=None) for due_ms in found]


@pytest.mark.parametrize("golden", reference.golden_lines(), ids=lambda golden: f"{golden['cron']} in {golden['zone']}")
def test_three_years_are_as_they_are_kept_and_as_the_other_implementation_has_them(golden: dict[str, Any]) -> None:
    cron, zone = golden["cron"], golden["zone"]
    due = due_times(cron, zone, reference.START, reference.END)
    assert due == reference.due_times(cron, zone)
    assert reference.golden_line(cron, zone, due) == golden


def test_every_case_is_kept() -> None:
    assert [(golden["cron"], golden["zone"]) for golden in reference.golden_lines()] == reference.cases()


def transitions(zone: str) -> list[datetime]:
    """When the zone's clock is changed, in UTC."""
    return [period.start for period in reference.periods(zone)[1:]]


def test_the_zones_change_their_clocks_as_often_as_the_cases_need() -> None:
    n_changes = {zone: len(transitions(zone)) for zone in reference.ZONES}
    steady = {"UTC", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia"}
    assert {zone for zone, n in n_changes.items() if n == 0} == steady
    assert all(n >= 5 for zone, n in n_changes.items() if zone not in steady)


@pytest.mark.parametrize("cron", ["* * * * *", "*/7 * * * *", "1-59/2 0-4 * * *", "0,30 */3 * * 0,4-6"])
@pytest.mark.parametrize("zone", [zone for zone in reference.ZONES if transitions(zone)])
def test_around_each_change_of_the_clock_even_minutes_are_as_the_other_implementation_has_them(
    cron: str, zone: str
) -> None:
    for change in transitions(zone):
        start, end = change - _AROUND, change + _AROUND
        assert due_times(cron, zone, start, end) == reference.due_times(cron, zone, start, end), change
