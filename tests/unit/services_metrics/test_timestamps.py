"""`since` as callers write it."""

import pytest

from services.metrics.api.timestamps import since_ms_of
from shared.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("since", "expected_ms"),
    [
        ("2026-01-01T12:00:00Z", 1_767_268_800_000),
        ("2026-01-01T12:00:00.250Z", 1_767_268_800_250),
        ("2026-01-01T12:00:00", 1_767_268_800_000),
        ("2026-01-01T13:00:00+01:00", 1_767_268_800_000),
        ("2026-01-01T13:00:00 01:00", 1_767_268_800_000),
        ("2026-01-01 12:00", 1_767_268_800_000),
        ("2026-01-01", 1_767_225_600_000),
        (None, None),
    ],
)
def test_aware_or_utc(since: str | None, expected_ms: int | None) -> None:
    assert since_ms_of(since) == expected_ms


@pytest.mark.parametrize("since", ["", "yesterday", "1767268800", "2026-13-01", "2026-01-01T25:00:00Z", "\x00"])
def test_anything_else_is_refused_by_name(since: str) -> None:
    with pytest.raises(Invalid) as refusal:
        since_ms_of(since)
    assert [error.field for error in refusal.value.errors] == ["since"]
