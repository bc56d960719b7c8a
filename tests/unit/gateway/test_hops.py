"""What changes between two HTTP connections (RFC 9110 7.6.1)."""

from typing import Any

import pytest

from gateway.hops import request_headers, response_headers, url_of


def target(raw_path: bytes, query: bytes = b"") -> str:
    scope: dict[str, Any] = {"path": "unused", "raw_path": raw_path, "query_string": query}
    return url_of("http://upstream:8001", scope).raw_path_qs


@pytest.mark.parametrize(
    "raw_path", [b"/api/v1/robots/a%20b", b"/api/v1/robots/%2e", b"/api/v1/robots/a+b", b"/api/v1/robots/%E6%97%A5"]
)
def test_a_path_goes_on_exactly_as_it_came(raw_path: bytes) -> None:
    assert target(raw_path) == raw_path.decode()


def test_a_query_goes_on_exactly_as_it_came() -> None:
    assert target(b"/p", b"a=1%202&b=%2B+x&a=2&since=2026-01-01T00:00:00%2B00:00") == (
        "/p?a=1%202&b=%2B+x&a=2&since=2026-01-01T00:00:00%2B00:00"
    )


def test_without_a_raw_path_the_path_is_encoded() -> None:
    url = url_of("http://upstream:8001", {"path": "/robots/a b", "query_string": b""})
    assert url.raw_path == "/robots/a%20b"


def test_headers_of_one_connection_stay_on_it() -> None:
    sent = request_headers(
        [
            (b"host", b"outside"),
            (b"connection", b"keep-alive, X-Hop"),
            (b"keep-alive", b"timeout=5"),
            (b"x-hop", b"1"),
            (b"te", b"trailers"),
            (b"transfer-encoding", b"chunked"),
            (b"upgrade", b"h2c"),
            (b"proxy-authorization", b"secret"),
            (b"expect", b"100-continue"),
            (b"accept", b"a"),
            (b"accept", b"b"),
        ]
    )
    assert list(sent.items()) == [("accept", "a"), ("accept", "b")]


def test_an_answers_headers_come_back_but_for_those_the_server_in_front_sets() -> None:
    returned = response_headers(
        [
            (b"Date", b"now"),
            (b"Server", b"uvicorn"),
            (b"Connection", b"close"),
            (b"Transfer-Encoding", b"chunked"),
            (b"Content-Type", b"text/plain"),
            (b"Set-Cookie", b"a=1"),
            (b"Set-Cookie", b"b=2"),
        ]
    )
    assert returned == [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


def test_header_values_outside_ascii_reach_the_service_as_text() -> None:
    sent = request_headers([(b"x-a", "ä".encode()), (b"x-b", "ä".encode("latin-1"))])
    assert list(sent.values()) == ["ä", "ä"]
