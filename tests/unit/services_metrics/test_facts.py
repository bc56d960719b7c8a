"""What counts as the end of a job, and what is refused before it can spoil a group of writes."""

from typing import Any

import msgspec
import pytest

from services.metrics.domain.facts import LONGEST_DURATION_MS, fact_of
from shared.events import CloudEvent, MalformedEvent, wrap
from shared.events.jobs import JobCancelled, JobCompleted, JobFailed, JobFinished, JobTimedOut
from shared.jobs import JobStatus

FINISHED_MS = 1_767_268_800_000


def event_of(data: JobFinished, /, *, subject: str = "job-1", **envelope: Any) -> CloudEvent:
    event = wrap(data, event_id="event-1", subject=subject, tenant_id="acme", version=3, at_ms=FINISHED_MS + 5)
    return msgspec.structs.replace(event, **envelope)


def ended(model: type[JobFinished], **data: Any) -> JobFinished:
    given = {"job_id": "job-1", "workflow_id": "w-1", "workflow_name": "Invoices", "status": "completed", **data}
    return model(**given)


def test_a_fact_says_who_did_what_and_how_it_ended() -> None:
    data = ended(JobCompleted, robot_id="r-1", environment="lan", finished_ms=FINISHED_MS, duration_ms=1_500)
    fact = fact_of(event_of(data))
    assert (fact.job_id, fact.tenant_id, fact.workflow_id, fact.workflow_name) == ("job-1", "acme", "w-1", "Invoices")
    assert (fact.robot_id, fact.environment, fact.status) == ("r-1", "lan", JobStatus.COMPLETED)
    assert (fact.finished_ms, fact.duration_ms, fact.error_type, fact.rolled_ms) == (FINISHED_MS, 1_500, None, 0)


@pytest.mark.parametrize(
    ("model", "status", "error_type"),
    [
        (JobCompleted, JobStatus.COMPLETED, None),
        (JobFailed, JobStatus.FAILED, "UNKNOWN"),
        (JobCancelled, JobStatus.CANCELLED, None),
        (JobTimedOut, JobStatus.TIMEOUT, "TIMEOUT"),
    ],
)
def test_the_event_type_decides_the_status(model: type[JobFinished], status: JobStatus, error_type: str | None) -> None:
    fact = fact_of(event_of(ended(model, status="nonsense")))
    assert (fact.status, fact.error_type) == (status, error_type)


def test_a_failure_keeps_the_beginning_of_its_error_type() -> None:
    assert fact_of(event_of(ended(JobFailed, error_type="SELECTOR"))).error_type == "SELECTOR"
    assert fact_of(event_of(ended(JobFailed, error_type="E" * 100))).error_type == "E" * 64


@pytest.mark.parametrize("model", [JobCompleted, JobFailed, JobCancelled, JobTimedOut])
def test_what_robots_healed_counts_however_the_job_ended(model: type[JobFinished]) -> None:
    fact = fact_of(event_of(ended(model, healing_attempts=3, healing_successes=9)))
    assert (fact.healing_attempts, fact.healing_successes) == (3, 3)


def test_without_a_finishing_time_the_event_time_counts() -> None:
    assert fact_of(event_of(ended(JobCompleted))).finished_ms == FINISHED_MS + 5


def test_a_duration_is_never_negative_though_clocks_differ() -> None:
    assert fact_of(event_of(ended(JobCompleted, duration_ms=-20))).duration_ms == 0
    assert fact_of(event_of(ended(JobCompleted, duration_ms=None))).duration_ms is None


@pytest.mark.parametrize(
    "data",
    [
        {"job_id": "job-2"},
        {"finished_ms": -1},
        {"finished_ms": 10**14},
        {"finished_ms": 10**30},
        {"duration_ms": LONGEST_DURATION_MS + 1},
        {"robot_id": ""},
        {"robot_id": "r\x00"},
        {"robot_id": "r" * 201},
    ],
    ids=str,
)
def test_data_that_cannot_be_stored_are_malformed(data: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent):
        fact_of(event_of(ended(JobCompleted, **data)))


@pytest.mark.parametrize(
    "envelope",
    [
        {"id": ""},
        {"id": "e\n1"},
        {"tenantid": ""},
        {"tenantid": "t" * 201},
        {"timems": -1},
        {"timems": 10**14},
    ],
    ids=str,
)
def test_an_envelope_that_cannot_be_stored_is_malformed(envelope: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent):
        fact_of(event_of(ended(JobCompleted), **envelope))


def test_a_job_id_that_is_no_identifier_is_malformed() -> None:
    with pytest.raises(MalformedEvent):
        fact_of(event_of(ended(JobCompleted, job_id="j\x00"), subject="j\x00"))


@pytest.mark.parametrize("data", [b'{"job_id": 7}', b"{}"])
def test_data_that_break_their_model_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedEvent):
        fact_of(event_of(ended(JobCompleted), data=msgspec.Raw(data)))
