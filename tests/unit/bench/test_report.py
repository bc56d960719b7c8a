from collections.abc import AsyncIterator

import httpx
import pytest

from bench.bare import CLAIMED, COMPLETED, SUBMITTED, create_app
from bench.cost import label_of
from bench.figures import STEPS, Round, Segment, Spread, differences_from_each_once, percentile, rounds_of
from bench.generator import CLAIM_BODY, SUBMIT_BODY, WAITING_CLAIM_BODY
from bench.report import spread, table, with_tables


def segment(rate: float, p99_ms: float = 1.0) -> Segment:
    """Return a segment of that rate, every step's p99 the same."""
    return Segment(100, rate, dict.fromkeys(STEPS, 0.5), dict.fromkeys(STEPS, p99_ms))


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (1, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(percent: float, expected: int) -> None:
    assert percentile(range(100, 0, -1), percent) == expected


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_segment_counts_lifecycles_per_second_and_reports_latencies_in_milliseconds() -> None:
    measured = Segment.of(2.0, {step: [0.001, 0.002, 0.004, 0.003] for step in STEPS})
    assert (measured.lifecycles, measured.rate) == (4, 2.0)
    assert measured.p50_ms == pytest.approx(dict.fromkeys(STEPS, 2.0))
    assert measured.p99_ms == pytest.approx(dict.fromkeys(STEPS, 4.0))


def test_a_ratio_is_taken_to_the_mean_of_bare_before_and_after() -> None:
    measured = Round(before=segment(100, 1.0), measured=segment(60, 6.0), after=segment(200, 3.0))
    assert measured.ratio() == pytest.approx(0.4)
    assert measured.p99_ratio("claim") == pytest.approx(3.0)


def test_each_measured_segment_is_paired_with_the_bare_ones_around_it() -> None:
    bare, measured = [segment(1), segment(2), segment(3)], [segment(10), segment(20)]
    first, second = rounds_of(bare, measured)
    assert (first.before.rate, first.measured.rate, first.after.rate) == (1, 10, 2)
    assert (second.before.rate, second.measured.rate, second.after.rate) == (2, 20, 3)


def test_a_measured_segment_without_bare_after_it_is_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        rounds_of([segment(1)], [segment(10)])


def test_jobs_completed_once_each_in_any_order_contradict_nothing() -> None:
    assert differences_from_each_once(["a", "b", "c"], ["c", "a", "b"]) == []


@pytest.mark.parametrize(
    ("submitted", "completed", "complaint"),
    [
        (["a", "b"], ["a"], "1 submitted but never completed, e.g. b"),
        (["a"], ["a", "b"], "1 completed but never submitted, e.g. b"),
        (["a"], ["a", "a"], "1 completed more than once, e.g. a"),
        (["a", "a"], ["a"], "1 submitted twice under the same id, e.g. a"),
    ],
)
def test_a_job_lost_invented_or_run_twice_is_told(submitted: list[str], completed: list[str], complaint: str) -> None:
    assert differences_from_each_once(submitted, completed) == [complaint]


def test_a_spread_shows_the_median_and_the_range() -> None:
    assert spread(Spread.of([0.5, 0.25, 1.0])) == "0.50 (0.25..1.00)"


def test_a_table_is_markdown_with_aligned_columns() -> None:
    assert table(["a", "long"], [["1", "2"]]).splitlines() == ["| a | long |", "| - | ---- |", "| 1 | 2    |"]


def test_new_tables_replace_only_what_stands_between_the_markers_of_their_case() -> None:
    readme = "up\n<!-- a: begin -->\nold\n<!-- a: end -->\n<!-- b: begin -->\nkept\n<!-- b: end -->\n"
    assert with_tables(readme, "a", r"new \1") == readme.replace("old", r"new \1")


def test_tables_without_a_place_in_the_readme_are_refused() -> None:
    with pytest.raises(ValueError, match="needs one pair of markers"):
        with_tables("nothing here", "a", "new")


@pytest.mark.parametrize(
    ("command", "label"),
    [
        (["/x/.venv/bin/python", "-m", "cli.main", "serve", "auth"], "cli.main serve auth"),
        (["/x/python3", "/x/bin/nx-27017", "--port", "27017"], "nx-27017 27017"),
        ([], "?"),
    ],
)
def test_a_process_is_named_by_its_program_and_arguments(command: list[str], label: str) -> None:
    assert label_of(command) == label


@pytest.fixture
async def bare() -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the yardstick, in this process."""
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://bare/api/v1") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("/workflows", SUBMIT_BODY, SUBMITTED),
        ("/jobs/claim", CLAIM_BODY, CLAIMED),
        ("/jobs/claim", WAITING_CLAIM_BODY, CLAIMED),
        ("/jobs/j1/complete", b'{"result": {}, "lease_token": "t"}', COMPLETED),
    ],
)
async def test_bare_takes_the_bodies_of_a_lifecycle_and_answers_constants(
    bare: httpx.AsyncClient, path: str, body: bytes, answer: dict[str, object]
) -> None:
    response = await bare.post(path, content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()) == (200, answer)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/workflows", {"workflow_name": "no definition"}),
        ("/workflows", {"workflow_name": "x", "workflow_json": {"nodes": {}}, "priority": 21}),
        ("/jobs/claim", {"limit": 11}),
        ("/jobs/j1/complete", {"result": "not an object"}),
    ],
)
async def test_bare_validates_what_it_takes(bare: httpx.AsyncClient, path: str, body: dict[str, object]) -> None:
    assert (await bare.post(path, json=body)).status_code == 422


def test_bare_answers_with_the_fields_of_the_contract() -> None:
    assert SUBMITTED.keys() == {"workflow_id", "job_id", "schedule_id", "status", "message", "created_at"}
    assert CLAIMED.keys() >= {"job_id", "workflow_id", "workflow_name", "workflow_json", "priority", "environment"}
    assert CLAIMED.keys() >= {"variables", "created_at", "claimed_at", "retry_count", "max_retries"}
    assert CLAIMED.keys() >= {"attempt", "lease_token", "lease_expires_at", "timeout_seconds"}
    assert COMPLETED.keys() == {"job_id", "completed"}
