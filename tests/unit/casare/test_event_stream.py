"""Server-Sent Events, line by line."""

from datetime import UTC, datetime

import pytest

from casare._sse import Block, EventParser, LineSplitter, event_of
from casare.models import Event


def read(parser: EventParser, text: str) -> list[Block]:
    return [block for line in text.split("\n") if (block := parser.feed(line)) is not None]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_lines_end_with_cr_and_lf_only_however_they_are_cut(size: int) -> None:
    splitter, content = LineSplitter(), 'data: "ä\u2028\u0085\u000c"\r\n\r\nid: 1\rid: 2\n\nda'.encode()
    lines = [line for start in range(0, len(content), size) for line in splitter.feed(content[start : start + size])]
    assert lines == ['data: "ä\u2028\u0085\u000c"', "", "id: 1", "id: 2", ""]


def test_an_event_ends_with_an_empty_line() -> None:
    parser = EventParser(None)
    assert read(parser, 'event: job_completed\nid: 7\ndata: {"job_id":\ndata: "a"}') == []
    assert parser.feed("") == Block("job_completed", "7", '{"job_id":\n"a"}')
    assert parser.last_id == "7"


def test_comments_and_events_without_data_are_none() -> None:
    assert read(EventParser(None), ": still here\n\nevent: job_completed\n\n") == []


def test_the_id_stays_until_another_one_comes() -> None:
    blocks = read(EventParser(None), "id: 3\ndata: {}\n\ndata: {}\n\nid\ndata: {}\n\n")
    assert [block.id for block in blocks] == ["3", "3", ""]


def test_half_an_event_is_forgotten_with_its_connection() -> None:
    parser = EventParser("2")
    read(parser, "id: 3\ndata: {")
    parser.drop()
    assert read(parser, 'id: 3\ndata: {"whole": true}\n\n') == [Block("message", "3", '{"whole": true}')]


def test_one_goes_on_after_the_last_whole_event() -> None:
    parser = EventParser("2")
    read(parser, "id: 3\ndata: {")
    assert parser.last_id == "2"


def test_the_server_says_how_long_to_wait() -> None:
    parser = EventParser(None)
    read(parser, "retry: 1500\nretry: soon\n\n")
    assert parser.retry_seconds == 1.5


def test_an_event_holds_what_happened_and_when() -> None:
    text = """{"seq": 42, "event_type": "job_completed", "timestamp": "2025-01-15T10:31:30.000Z", "version": 5,
        "data": {"job_id": "j-1"}}"""
    at = datetime(2025, 1, 15, 10, 31, 30, tzinfo=UTC)
    assert event_of(Block("job_completed", "42", text)) == Event(
        seq=42, type="job_completed", timestamp=at, version=5, data={"job_id": "j-1"}
    )


def test_what_opens_the_stream_is_no_event_unless_something_is_missing() -> None:
    assert event_of(Block("hello", "41", '{"seq": 41}')) is None
    assert event_of(Block("resumed", "41", '{"since": 41, "complete": true}')) is None
    gap = {"since": 41, "complete": False, "oldest": 90}
    assert event_of(Block("resumed", "89", '{"since": 41, "complete": false, "oldest": 90}')) == Event(
        seq=89, type="resumed", data=gap
    )


def test_what_is_no_object_can_still_be_seen() -> None:
    assert event_of(Block("message", None, "hello")) == Event(seq=None, type="message", data={"text": "hello"})
