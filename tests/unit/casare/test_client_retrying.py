"""Which calls the client makes again, and when."""

import random
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from casare._calls import Call, create, get, once
from casare._retrying import NO_RETRIES, Retries, RetryPolicy, retry_after_seconds
from casare.models import Model

NOW = 1_700_000_000.0
READ = get("/jobs", Model)
CREATE = create("/jobs", Model, {})
LOGIN = once("/auth/login", Model, {})


def answer(status: int, text: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, text=text, headers={name.replace("_", "-"): value for name, value in headers.items()})


def wait(
    call: Call[Any], outcome: httpx.Response | httpx.RequestError, retries: Retries | None = None, **at: float
) -> float | None:
    policy = RetryPolicy(retries or Retries(), random.Random(1))
    given = {"tries": 1, "elapsed_seconds": 0.0, "now_seconds": NOW, **at}
    return policy.wait_seconds(
        call,
        outcome,
        tries=int(given["tries"]),
        elapsed_seconds=given["elapsed_seconds"],
        now_seconds=given["now_seconds"],
    )


@pytest.mark.parametrize(
    ("outcome", "repeatable", "once"),
    [
        (httpx.ConnectError("refused"), True, True),
        (httpx.ConnectTimeout(""), True, True),
        (httpx.ReadTimeout(""), True, False),
        (httpx.ReadError("reset"), True, False),
        (httpx.RemoteProtocolError(""), True, False),
        (httpx.DecodingError(""), False, False),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), False, False),
        (answer(429), True, True),
        (answer(502), True, False),
        (answer(503), True, False),
        (answer(504), True, False),
        (answer(409, '{"code": "IDEMPOTENCY_IN_PROGRESS"}'), True, False),
        *((answer(status), False, False) for status in (200, 400, 401, 403, 404, 409, 500)),
    ],
)
def test_only_what_may_pass_and_does_no_harm_is_repeated(
    outcome: httpx.Response | httpx.RequestError, repeatable: bool, once: bool
) -> None:
    assert (wait(READ, outcome) is not None) is repeatable
    assert (wait(CREATE, outcome) is not None) is repeatable
    assert (wait(LOGIN, outcome) is not None) is once


def test_waits_double_up_to_the_longest_and_are_chosen_by_chance_from_nothing_on() -> None:
    retries = Retries(tries=100, first_wait_seconds=1, longest_wait_seconds=8, deadline_seconds=1e9, budget=1000)
    policy = RetryPolicy(retries, random.Random(2))
    for tries, longest in ((1, 1), (2, 2), (3, 4), (4, 8), (50, 8)):
        waits = [
            policy.wait_seconds(READ, answer(503), tries=tries, elapsed_seconds=0, now_seconds=NOW) for _ in range(30)
        ]
        assert all(each is not None and 0 <= each <= longest for each in waits)
        assert max(each or 0 for each in waits) > longest / 2 > min(each or 0 for each in waits)


def test_the_server_is_never_asked_sooner_than_it_said() -> None:
    assert (wait(READ, answer(429, retry_after="7")) or 0) >= 7


def test_the_server_may_say_when_as_a_date() -> None:
    moment = datetime.fromtimestamp(NOW + 9, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert retry_after_seconds(answer(503, retry_after=moment), NOW) == 9
    assert retry_after_seconds(answer(503, retry_after=moment), NOW + 60) == 0


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "1e9", "٣", "²", "9" * 400])
def test_a_wait_that_cannot_be_read_is_none(text: str) -> None:
    response = httpx.Response(503, headers=[(b"retry-after", text.encode())])
    assert retry_after_seconds(response, NOW) is None


def test_who_is_told_to_come_back_much_later_is_told_so_at_once() -> None:
    assert wait(READ, answer(429, retry_after="31")) is None


def test_no_try_begins_after_the_deadline() -> None:
    assert wait(READ, answer(503, retry_after="5"), Retries(deadline_seconds=20), elapsed_seconds=16) is None


def test_tries_are_counted() -> None:
    assert wait(READ, answer(503), Retries(tries=3), tries=3) is None
    assert wait(READ, answer(503), NO_RETRIES) is None


def test_many_calls_share_one_budget_which_successes_fill_again() -> None:
    policy = RetryPolicy(Retries(budget=3), random.Random(1))

    def ask(status: int) -> bool:
        return policy.wait_seconds(READ, answer(status), tries=1, elapsed_seconds=0, now_seconds=NOW) is not None

    assert [ask(503) for _ in range(5)] == [True, True, True, False, False]
    for _ in range(10):
        ask(200)
    assert [ask(503) for _ in range(2)] == [True, False]


def test_each_creation_has_a_key_of_its_own_or_the_callers() -> None:
    keys = {create("/jobs", Model, {}).headers["Idempotency-Key"] for _ in range(3)}
    assert len(keys) == 3
    assert create("/jobs", Model, {}, "mine").headers["Idempotency-Key"] == "mine"


@pytest.mark.parametrize("key", ["Rechnung-\u00fc", "invoice\n7"])
def test_a_key_that_cannot_be_sent_is_refused_with_what_to_do(key: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII, for example a UUID"):
        create("/jobs", Model, {}, key)
