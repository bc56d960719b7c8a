"""What the history says about one job."""

from typing import Any

import pytest

from services.metrics.domain.history import begun_ms, duration_ms, node_execution
from shared.jobs import Job, JobStatus, Requirements


def job(**values: Any) -> Job:
    given: dict[str, Any] = {
        "job_id": "j", "tenant_id": "t", "version": 1, "status": JobStatus.COMPLETED, "workflow_id": "w",
        "workflow_name": "n", "workflow_version": 1, "definition_id": "d", "priority": 10,
        "requirements": Requirements(), "place": "t|0|j", "created_ms": 0, "updated_ms": 0, "run_at_ms": 0,
    }  # fmt: skip
    return Job(**{**given, **values})


def test_a_job_begins_with_its_first_progress_else_with_its_claim() -> None:
    assert begun_ms(job(claimed_ms=10, started_ms=12)) == 12
    assert begun_ms(job(claimed_ms=10)) == 10
    assert begun_ms(job()) is None


def test_a_job_back_in_the_queue_has_not_begun() -> None:
    assert begun_ms(job(status=JobStatus.PENDING, claimed_ms=10, started_ms=12)) is None


def test_a_duration_runs_from_claim_to_end_and_is_never_negative() -> None:
    assert duration_ms(job(claimed_ms=10, finished_ms=100)) == 90
    assert duration_ms(job(claimed_ms=100, finished_ms=90)) == 0
    assert duration_ms(job(claimed_ms=10)) is None


@pytest.mark.parametrize(
    ("result_json", "expected"),
    [
        (
            '{"node_execution": [{"node_id": "n", "status": "completed", "retries": 1}]}',
            [{"node_id": "n", "status": "completed", "duration_ms": None, "retries": 1}],
        ),
        ('{"node_execution": []}', []),
        ('{"node_execution": [1]}', []),
        ('{"node_execution": {"n": 1}}', []),
        ('{"other": 1}', []),
        ("[1]", []),
        ("null", []),
        (None, []),
    ],
)
def test_node_execution_is_a_list_of_objects_or_empty(result_json: str | None, expected: list[object]) -> None:
    assert node_execution(job(result_json=result_json)) == expected
