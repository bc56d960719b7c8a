"""Which calls are repeated, and when."""

import random

import httpx
import pytest

from cli.client.retrying import LONGEST_WAIT_SECONDS, TRIES, Call, Outcome, RetryPolicy

GET = Call("GET", "/x")
ONCE = Call("POST", "/x", repeatable=False)
IN_PROGRESS = httpx.Response(409, json={"code": "IDEMPOTENCY_IN_PROGRESS"})


def wait(call: Call, outcome: Outcome, tries: int = 1) -> float | None:
    return RetryPolicy(random.Random(1)).wait_seconds(call, outcome, tries)


@pytest.mark.parametrize(
    ("outcome", "repeatable", "once"),
    [
        (httpx.ConnectError(""), True, True),
        (httpx.ConnectTimeout(""), True, True),
        (httpx.ReadTimeout(""), True, False),
        (httpx.ReadError(""), True, False),
        (httpx.RemoteProtocolError(""), True, False),
        (httpx.DecodingError(""), False, False),
        (httpx.Response(429), True, True),
        (httpx.Response(503), True, True),
        (httpx.Response(502), True, False),
        (httpx.Response(504), True, False),
        (IN_PROGRESS, True, False),
        (httpx.Response(409, json={"code": "CONFLICT"}), False, False),
        (httpx.Response(500), False, False),
        (httpx.Response(400), False, False),
        (httpx.Response(200), False, False),
    ],
)
def test_only_what_may_pass_and_does_no_harm_is_repeated(outcome: Outcome, repeatable: bool, once: bool) -> None:
    assert (wait(GET, outcome) is not None) is repeatable
    assert (wait(ONCE, outcome) is not None) is once


def test_waits_double_and_end() -> None:
    error = httpx.ConnectError("")
    waits = [wait(GET, error, tries) for tries in range(1, TRIES + 1)]

    assert waits[-1] is None
    first, second, third = (each for each in waits if each is not None)
    assert 0.1 <= first <= 0.2
    assert second == pytest.approx(2 * first)
    assert third == pytest.approx(4 * first)


def test_the_server_is_given_the_time_it_asks_for_within_reason() -> None:
    def asked(text: str) -> float | None:
        return wait(GET, httpx.Response(503, headers={b"Retry-After": text.encode("latin-1")}))

    assert (asked("3") or 0) > 3
    assert asked(str(int(LONGEST_WAIT_SECONDS) + 1)) is None
    assert asked("9" * 400) is not None  # no number of seconds anybody means
    for nonsense in ("-1", "soon", "1e9", "²", "Fri, 31 Dec 1999 23:59:59 GMT"):
        assert (asked(nonsense) or 99) < 1
