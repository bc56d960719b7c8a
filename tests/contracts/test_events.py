"""Every event has a golden sample that must parse forever: old events outlive new code (faults 33)."""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from shared.events import EVENT_TYPES, MalformedEvent, decode, encode, wrap
from shared.events.jobs import JobSubmitted

SAMPLES: Final = Path(__file__).parent / "events"


def sample(event_type: str) -> bytes:
    return (SAMPLES / f"{event_type}.json").read_bytes()


def test_every_event_has_a_sample_and_every_sample_an_event() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(EVENT_TYPES)


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_the_sample_still_parses_to_the_same_data(event_type: str) -> None:
    event = decode(sample(event_type))
    data = event.data_as(EVENT_TYPES[event_type])
    assert event.type == event_type
    written = json.loads(sample(event_type))["data"]
    read = json.loads(msgspec.json.encode(data))
    assert {name: read.get(name) for name in written} == written


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_the_sample_is_a_cloud_event(event_type: str) -> None:
    event: dict[str, Any] = json.loads(sample(event_type))
    assert event["specversion"] == "1.0"
    for attribute in ("id", "source", "type", "subject", "time", "tenantid", "dataschema", "datacontenttype"):
        assert isinstance(event[attribute], str)
        assert event[attribute]
    assert all(name.isalnum() and name.islower() for name in event)


def test_what_is_encoded_is_decoded_alike() -> None:
    data = JobSubmitted(job_id="j", workflow_id="w", workflow_name="n", status="pending")
    event = wrap(data, event_id="e", subject="j", tenant_id="t", version=3, at_ms=1_767_268_800_123)
    again = decode(encode(event))
    assert (again.id, again.aggregateversion, again.tenantid, again.timems) == ("e", 3, "t", 1_767_268_800_123)
    assert again.time == "2026-01-01T12:00:00.123Z"
    assert again.data_as(JobSubmitted) == data


def test_a_field_from_the_future_is_ignored() -> None:
    event = json.loads(sample("job.submitted"))
    event["data"]["invented_later"] = {"a": 1}
    event["another"] = "attribute"
    assert decode(json.dumps(event)).data_as(JobSubmitted).job_id == event["data"]["job_id"]


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b"{}", b'{"id": 1}', b"\xff\xfe", b'{"specversion":"1.0","id":"x"}'],
)
def test_what_is_no_event_is_called_malformed(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        decode(body)


def test_data_that_breaks_its_model_is_called_malformed() -> None:
    event = json.loads(sample("job.submitted"))
    event["data"]["job_id"] = 7
    with pytest.raises(MalformedEvent):
        decode(json.dumps(event)).data_as(JobSubmitted)
