"""The two framings: what is read of a message, and how ours are written."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.api.robot_socket.frames import BadFrame, FrameWriter, Framing, Outgoing, read_frame
from tests.support.jobs import NOW_MS

WRITER = FrameWriter(lambda: "id-1", lambda: NOW_MS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(alphabet='ab"\\\n\u00e4\U0001f600', max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


def test_a_flat_message_has_its_fields_beside_its_type() -> None:
    frame = read_frame('{"type": "heartbeat", "cpu_percent": 1, "timestamp": "now"}')
    assert (frame.type, frame.framing, frame.id) == ("heartbeat", Framing.FLAT, None)
    assert frame.fields == {"cpu_percent": 1, "timestamp": "now"}


@pytest.mark.parametrize("payload", ['"payload": {"job_id": "j"}', '"payload": null', '"timestamp": "t"'])
def test_an_enveloped_message_has_an_id_and_its_fields_in_its_payload(payload: str) -> None:
    frame = read_frame(f'{{"type": "pong", "id": "m1", {payload}}}')
    assert (frame.type, frame.framing, frame.id) == ("pong", Framing.ENVELOPED, "m1")
    assert frame.job_id == ("j" if "job_id" in payload else None)


def test_an_envelope_without_an_id_is_one_too() -> None:
    frame = read_frame('{"type": "pong", "payload": {}}')
    assert (frame.framing, frame.id) == (Framing.ENVELOPED, None)


def test_a_flat_message_may_have_an_id_of_its_own() -> None:
    frame = read_frame('{"type": "job_complete", "id": 7, "timestamp": 1.5, "job_id": "j", "result": {"rows": 4}}')
    assert (frame.framing, frame.id, frame.job_id, frame.fields["result"]) == (Framing.FLAT, None, "j", {"rows": 4})


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", None),
        ("[]", None),
        ("null", None),
        ('{"type": "a", "type": "b"}', None),
        ('{"type": "a", "x": Infinity}', None),
        ('{"type": "a", "x": ' + "[" * 64 + "]" * 64 + "}", None),
        ('{"type": "a", "x": ' + "[" * 100_000 + "}", None),
        ('{"type": ""}', "type"),
        ('{"type": null}', "type"),
        ('{"type": "' + "x" * 129 + '"}', "type"),
        ('{"type": "a", "id": 1}', "id"),
        ('{"type": "a", "id": "' + "x" * 129 + '"}', "id"),
        ('{"type": "a", "payload": "x"}', "payload"),
    ],
)
def test_what_is_no_message_is_refused_by_its_field(text: str, field: str | None) -> None:
    with pytest.raises(BadFrame) as refusal:
        read_frame(text)
    assert refusal.value.field == field


def test_a_lone_surrogate_is_refused_and_breaks_nothing() -> None:
    with pytest.raises(BadFrame):
        read_frame('{"type": "a", "x": "\ud800"}')


def test_a_job_id_that_is_none_is_not_repeated_back() -> None:
    assert read_frame('{"type": "a", "job_id": 7}').job_id is None
    assert read_frame(json.dumps({"type": "a", "job_id": "x" * 129})).job_id is None


def test_ours_are_written_in_the_framing_of_the_peer() -> None:
    flat = WRITER.write(Outgoing("ping", {"a": 1}, Framing.FLAT, answers="m1"))
    assert flat == '{"type":"ping","a":1}'
    enveloped = WRITER.write(Outgoing("ping", {"a": 1}, Framing.ENVELOPED, answers="m1"))
    assert json.loads(enveloped) == {
        "type": "ping",
        "id": "id-1",
        "timestamp": "2026-01-01T12:00:00.000Z",
        "payload": {"a": 1},
        "correlation_id": "m1",
    }
    assert "correlation_id" not in WRITER.write(Outgoing("ping", {}, Framing.ENVELOPED))


@given(fields=st.dictionaries(st.text(alphabet="abcdef", min_size=1, max_size=5), JSON, max_size=5))
def test_what_is_written_is_read_alike(fields: dict[str, Any]) -> None:
    for framing in Framing:
        frame = read_frame(WRITER.write(Outgoing("job_assign", fields, framing)))
        assert (frame.framing, frame.type, dict(frame.fields)) == (framing, "job_assign", fields)
