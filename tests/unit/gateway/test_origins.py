"""Which pages may open sockets."""

import pytest

from gateway.sockets.origins import may_connect_from

ALLOWED = frozenset({"https://fleet.example", "http://localhost:3000"})


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, b"casare.example"),
        (b"https://casare.example", b"casare.example"),
        (b"HTTPS://Casare.Example", b"casare.example"),
        (b"http://127.0.0.1:8000", b"127.0.0.1:8000"),
        (b"http://[::1]:8000", b"[::1]:8000"),
        (b"https://fleet.example", b"casare.example"),
        (b"http://localhost:3000", None),
    ],
)
def test_our_own_pages_the_allowed_and_programs_may(origin: bytes | None, host: bytes | None) -> None:
    assert may_connect_from(origin, host, ALLOWED)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"https://evil.example", b"casare.example"),
        (b"https://casare.example.evil.example", b"casare.example"),
        (b"https://casare.example@evil.example", b"casare.example"),
        (b"https://casare.example:8443", b"casare.example"),
        (b"https://fleet.example:8443", b"casare.example"),
        (b"null", b"casare.example"),
        (b"", b""),
        (b"file://", b""),
        (b"https://", b""),
        (b"https://[", b"["),
        (b"https://casare.example", None),
        (b"\xff", b"\xff"),
    ],
)
def test_other_pages_may_not(origin: bytes, host: bytes | None) -> None:
    assert not may_connect_from(origin, host, ALLOWED)
