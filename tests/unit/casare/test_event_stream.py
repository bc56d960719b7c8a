"""Server-Sent Events, line by line."""

from casare._sse import EventParser
from casare.models import Event


def read(parser: EventParser, text: str) -> list[Event]:
    return [event for line in text.split("\n") if (event := parser.feed(line)) is not None]


def test_an_event_ends_with_an_empty_line() -> None:
    parser = EventParser(None)
    assert read(parser, 'event: job_completed\nid: 7\ndata: {"job_id":\ndata: "a"}') == []
    assert parser.feed("") == Event(seq=7, type="job_completed", data={"job_id": "a"})
    assert parser.last_id == "7"


def test_comments_and_events_without_data_are_none() -> None:
    assert read(EventParser(None), ": still here\n\nevent: job_completed\n\n") == []


def test_the_id_stays_until_another_one_comes() -> None:
    events = read(EventParser(None), "id: 3\ndata: {}\n\ndata: {}\n\nid\ndata: {}\n\n")
    assert [event.seq for event in events] == [3, 3, None]


def test_half_an_event_is_forgotten_with_its_connection() -> None:
    parser = EventParser("2")
    read(parser, "id: 3\ndata: {")
    parser.drop()
    assert read(parser, 'id: 3\ndata: {"whole": true}\n\n') == [Event(seq=3, type="message", data={"whole": True})]


def test_one_goes_on_after_the_last_whole_event() -> None:
    parser = EventParser("2")
    read(parser, "id: 3\ndata: {")
    assert parser.last_id == "2"


def test_the_server_says_how_long_to_wait() -> None:
    parser = EventParser(None)
    read(parser, "retry: 1500\nretry: soon\n\n")
    assert parser.retry_seconds == 1.5


def test_what_is_no_object_can_still_be_seen() -> None:
    assert read(EventParser(None), "data: hello\n\n") == [Event(seq=None, type="message", data={"text": "hello"})]
