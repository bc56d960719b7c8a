"""What a connection allows and remembers, and since when robots wait: arithmetic over given times."""

import pytest
from pydantic import ValidationError

from services.dispatcher.api.robot_socket import messages
from services.dispatcher.api.robot_socket.held_jobs import AVOID_SECONDS, REMEMBERED, HeldJobs
from services.dispatcher.api.robot_socket.limits import PATIENCE, Bucket, Limits, cost_of
from services.dispatcher.domain.turns import FORGOTTEN_AFTER_SECONDS, Turns
from tests.support.jobs import NOW_MS as RECEIVED_MS
from tests.support.jobs import a_held_job


def test_a_bucket_gives_its_capacity_at_once_and_then_its_rate() -> None:
    bucket = Bucket(capacity=3, per_second=0.5)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.seconds_until() == 2
    assert [bucket.take(11.9), bucket.take(12.0), bucket.take(12.0)] == [False, True, False]
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]


def test_a_connection_bears_some_excess_and_then_no_more() -> None:
    limits = Limits(600)
    assert sum(limits.messages.take(0.0) for _ in range(1000)) == 300
    assert [limits.is_patient(0.0) for _ in range(PATIENCE + 1)] == [True] * PATIENCE + [False]
    assert limits.is_patient(60.0)


def test_a_robot_that_does_many_jobs_may_say_what_there_is_to_say_of_them() -> None:
    limits = Limits(60)
    for _ in range(500):
        limits.job_assigned()
        assert all(limits.messages.take(0.0) for _ in range(4))
    # The first job was sent to a full bucket.
    assert sum(limits.messages.take(0.0) for _ in range(100)) == 30 - 4


def test_many_lines_of_a_log_count_as_several_messages() -> None:
    assert cost_of({"logs": [{}] * 500}) == 11
    assert cost_of({"entries": [{}] * 50}) == cost_of({"logs": None, "entries": [{}] * 50}) == 2
    assert cost_of({"logs": "x"}) == cost_of({}) == 1


def test_a_job_that_was_offered_and_not_accepted_is_avoided_for_a_while() -> None:
    held, job = HeldJobs(), a_held_job()
    held.offered(job, 100.0)
    assert [job_id for job_id, _ in held.unaccepted()] == [job.job_id]
    assert held.end(job.job_id, job.attempt + 1) is None
    assert held.end(job.job_id, job.attempt) is not None
    assert held.just_ended(job.job_id)
    assert held.avoided(100.0 + AVOID_SECONDS - 1) == {job.job_id}
    assert held.avoided(100.0 + AVOID_SECONDS) == frozenset()
    held.offered(job, 200.0)
    assert not held.just_ended(job.job_id)
    held.accepted([job])
    assert (list(held.unaccepted()), held.avoided(200.0)) == ([], frozenset())


def test_a_rejected_job_is_avoided_for_longer_each_time() -> None:
    held, job = HeldJobs(), a_held_job()
    held.offered(job, 100.0)
    held.end(job.job_id, job.attempt)
    assert [held.rejected(job.job_id, 100.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert held.avoided(159.0) == {job.job_id}
    assert held.avoided(160.0) == frozenset()


def test_what_is_remembered_of_ended_jobs_is_bounded() -> None:
    held = HeldJobs()
    for number in range(REMEMBERED + 10):
        held.accepted([a_held_job(job_id=f"j{number}")])
        held.end(f"j{number}")
        held.rejected(f"j{number}", 1.0)
    assert held.rejected("j0", 1.0) == held.rejected("j9", 1.0) == 1.0
    assert not held.just_ended("j9")
    assert held.just_ended("j10")


def test_a_robot_keeps_its_turn_while_it_asks_again_and_again() -> None:
    turns = Turns()
    assert turns.waits_since("t", "r", 10.0) == 10.0
    assert turns.waits_since("t", "r", 10.0 + FORGOTTEN_AFTER_SECONDS) == 10.0
    assert turns.waits_since("another", "r", 15.0) == 15.0
    assert turns.waits_since("t", "r", 15.1 + FORGOTTEN_AFTER_SECONDS) == 15.1 + FORGOTTEN_AFTER_SECONDS
    turns.served("t", "r")
    assert turns.waits_since("t", "r", 21.0) == 21.0


@pytest.mark.parametrize(
    ("fields", "labels", "slots"),
    [
        ({}, (), 1),
        ({"capabilities": ["a", "b", "a"]}, ("a", "b"), 1),
        ({"capabilities": {"types": ["a"], "max_concurrent_jobs": 4}}, ("a",), 4),
        ({"capabilities": {"max_concurrent_jobs": 4}, "max_concurrent_jobs": 2}, (), 2),
        ({"capabilities": ["a"], "max_concurrent_jobs": 3}, ("a",), 3),
        ({"capabilities": None, "robot_name": None, "environment": None, "tags": None}, (), 1),
        ({"capabilities": {"types": None, "max_concurrent_jobs": None}}, (), 1),
    ],
)
def test_capabilities_are_a_list_or_an_object(fields: dict[str, object], labels: tuple[str, ...], slots: int) -> None:
    registration = messages.Register.model_validate(fields).registration("r1", None)
    assert (registration.capabilities, registration.max_concurrent_jobs) == (labels, slots)
    assert (registration.name, registration.environment) == ("r1", "default")


def test_the_environment_of_the_key_is_the_default() -> None:
    assert messages.Register.model_validate({}).registration("r1", "lan").environment == "lan"


@pytest.mark.parametrize("value", [0, 3, ["a"], [], None])
def test_active_jobs_are_a_number_or_ids_and_only_some_say_which(value: object) -> None:
    beat = messages.Heartbeat.model_validate({"active_jobs": value, "status": "idle"})
    expected = {"0": frozenset(), "['a']": frozenset({"a"}), "[]": frozenset()}
    assert beat.running == expected.get(str(value))
    assert '"active_jobs":[' not in beat.as_json()


@pytest.mark.parametrize("value", [-1, 1.5, [7], ["x" * 65], ["x"] * 101, "two"])
def test_active_jobs_out_of_bounds_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        messages.Heartbeat.model_validate({"active_jobs": value})


def test_a_report_is_cut_rather_than_refused() -> None:
    failed = messages.JobFailed.model_validate({"job_id": "j", "error": "\x1b" + "x" * 9000, "stack_trace": "y" * 9000})
    assert failed.error_message == "\ufffd" + "x" * 4999
    assert len(failed.stack_trace or "") == 8000
    assert messages.JobFailed.model_validate({"job_id": "j"}).error_message is None


def test_a_report_is_taken_whatever_the_robots_libraries_made_of_it() -> None:
    said = {
        "job_id": "j",
        "error_message": None,
        "error": {"code": 7},
        "error_type": 404,
        "failed_node": 3,
        "stack_trace": ["a", "b"],
        "retryable": None,
    }
    failed = messages.JobFailed.model_validate(said)
    told = (failed.error_message, failed.error_type, failed.failed_node, failed.stack_trace, failed.retryable)
    assert told == ('{"code":7}', "404", "3", '["a","b"]', True)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ({"level": "FATAL", "timestamp": 1_700_000_000.5}, (1_700_000_000_500, "critical", "m", None)),
        ({"level": "success", "timestamp": "1700000000"}, (1_700_000_000_000, "info", "m", None)),
        ({"level": None, "timestamp": "yesterday", "node_id": 7}, (RECEIVED_MS, "info", "m", "7")),
        ({"level": 30, "timestamp": -1, "node_id": "n" * 300}, (RECEIVED_MS, "info", "m", "n" * 255)),
        ({"message": "x" * 9000}, (RECEIVED_MS, "info", "x" * 8000, None)),
        ({"message": {"rows": 4}}, (RECEIVED_MS, "info", '{"rows":4}', None)),
    ],
)
def test_no_line_of_a_log_costs_its_batch(line: dict[str, object], kept: tuple[object, ...]) -> None:
    batch = messages.LogBatch.model_validate({"logs": None, "entries": [{"message": "m"} | line]})
    entry = batch.lines[0].entry(RECEIVED_MS)
    assert (entry.at_ms, entry.level, entry.message, entry.node_id) == kept


def test_a_batch_without_lines_is_no_fault() -> None:
    assert messages.LogBatch.model_validate({"entries": []}).lines == []


@pytest.mark.parametrize(
    ("result", "stored"), [(None, {}), ({"a": 1}, {"a": 1}), ([1], {"result": [1]}), ("x", {"result": "x"})]
)
def test_a_result_is_stored_as_an_object(result: object, stored: object) -> None:
    assert messages.JobComplete.model_validate({"job_id": "j", "result": result}).result_object == stored


@pytest.mark.parametrize(
    ("result", "stored"),
    [(None, None), ({}, {}), ({"node_execution": []}, {"node_execution": []}), ([1], {"result": [1]})],
)
def test_what_is_told_of_a_failed_attempt_is_stored_as_an_object_if_at_all(result: object, stored: object) -> None:
    assert messages.JobFailed.model_validate({"job_id": "j", "result": result}).result_object == stored
