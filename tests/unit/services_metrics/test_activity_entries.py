"""What people are shown of an event."""

import msgspec
import pytest

from services.metrics.domain.activity import ActivityEntry, entry_of
from shared.events import CloudEvent, EventData, MalformedEvent, wrap
from shared.events.auth import SessionRevoked
from shared.events.jobs import JobFailed, JobSubmitted

AT_MS = 1_767_268_800_000


def event_of(data: EventData) -> CloudEvent:
    return wrap(data, event_id="e-1", subject="s-1", tenant_id="acme", version=1, at_ms=AT_MS)


def data_of(entry: ActivityEntry) -> object:
    return msgspec.json.decode(entry.data_json)


def test_an_entry_tells_what_happened_to_what_and_when() -> None:
    data = JobFailed(
        job_id="j", workflow_id="w", workflow_name="Invoices", status="failed", robot_id="r", attempt=3,
        duration_ms=20, error_message="no such file", error_type="IO", failed_node="n-4",
    )  # fmt: skip
    entry = entry_of(event_of(data))
    assert (entry.event_id, entry.tenant_id, entry.event_type, entry.at_ms) == ("e-1", "acme", "job_failed", AT_MS)
    assert data_of(entry) == {
        "job_id": "j", "workflow_id": "w", "workflow_name": "Invoices", "status": "failed", "robot_id": "r",
        "attempt": 3, "duration_ms": 20, "error_message": "no such file", "error_type": "IO", "failed_node": "n-4",
    }  # fmt: skip


def test_inner_workings_and_sessions_are_not_shown() -> None:
    submitted = JobSubmitted(
        job_id="j", workflow_id="w", workflow_name="n", status="pending", queue_position="t|e|s|10|1|j",
        required_capabilities=("x",),
    )  # fmt: skip
    shown = {"job_id": "j", "workflow_id": "w", "workflow_name": "n", "status": "pending"}
    assert data_of(entry_of(event_of(submitted))) == shown
    revoked = SessionRevoked(user_id="u", session_id="secret", reason="logout", tokens_expire_ms=9)
    assert data_of(entry_of(event_of(revoked))) == {"user_id": "u", "reason": "logout"}


def test_long_texts_are_cut() -> None:
    data = JobFailed(job_id="j", workflow_id="w", workflow_name="n", status="failed", error_message="x" * 5_000)
    shown = data_of(entry_of(event_of(data)))
    assert isinstance(shown, dict)
    assert shown["error_message"] == "x" * 1_000


def test_an_event_of_a_later_version_is_shown_as_far_as_it_is_understood() -> None:
    event = msgspec.structs.replace(
        event_of(SessionRevoked("u", "s", "r", 1)),
        type="robot.moved",
        data=msgspec.Raw(b'{"robot_id": "r", "name": {"nested": 1}, "elsewhere": true}'),
    )
    entry = entry_of(event)
    assert (entry.event_type, data_of(entry)) == ("robot_moved", {"robot_id": "r"})


@pytest.mark.parametrize("event_type", ["", "Job.completed", "job completed", "job|completed", "a.b.c.d.e", "x" * 61])
def test_a_type_that_is_none_is_malformed(event_type: str) -> None:
    event = msgspec.structs.replace(event_of(SessionRevoked("u", "s", "r", 1)), type=event_type)
    with pytest.raises(MalformedEvent):
        entry_of(event)


def test_data_that_break_their_model_are_malformed() -> None:
    event = msgspec.structs.replace(event_of(SessionRevoked("u", "s", "r", 1)), data=msgspec.Raw(b'{"user_id": 1}'))
    with pytest.raises(MalformedEvent):
        entry_of(event)
