"""`CASARE_RATE_LIMITS`, and the headers that tell a client where it stands (clarifications 9)."""

import pytest

from gateway.limits import headers_of, limited, refuse_if_empty, refuse_unknown_buckets
from gateway.rate_limits import Decision, Limit
from gateway.routing import all_routes, all_sockets
from gateway.settings import GatewaySettings
from shared.config import SettingsError, load
from shared.kernel.errors import RateLimited


def limits(setting: str) -> dict[str, int | None]:
    settings = load(GatewaySettings, rate_limits=setting)
    return {
        f"{route.method} {route.path}": route.limit.capacity if route.limit else None
        for route in limited(all_routes(), settings)
    }


CONTRACT = limits("on")


def test_on_means_the_contracts_numbers() -> None:
    assert CONTRACT["POST /api/v1/jobs/claim"] == 120
    assert {name: limit for name, limit in CONTRACT.items() if limit is None} == {"POST /api/v1/auth/login": None}


def test_off_means_no_limits() -> None:
    assert set(limits("off").values()) == {None}


def test_a_bucket_may_have_another_limit() -> None:
    changed = limits("claim=6000, list=7")
    assert changed["POST /api/v1/jobs/claim"] == 6000
    assert changed["GET /api/v1/schedules"] == 7
    assert changed["GET /api/v1/robots"] == CONTRACT["GET /api/v1/robots"]


def test_a_star_stands_for_all_others() -> None:
    changed = limits("*=100000,claim=6000")
    assert changed.pop("POST /api/v1/jobs/claim") == 6000
    assert changed.pop("POST /api/v1/auth/login") is None
    assert set(changed.values()) == {100_000}


@pytest.mark.parametrize(
    "setting", ["maybe", "claim", "claim=", "=5", "claim=0", "claim=-1", "claim=many", "claim=1,,"]
)
def test_a_setting_that_cannot_be_read_is_named(setting: str) -> None:
    with pytest.raises(SettingsError, match="CASARE_RATE_LIMITS"):
        limits(setting)


def test_a_bucket_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match="no such bucket: clam"):
        refuse_unknown_buckets(all_routes(), load(GatewaySettings, rate_limits="clam=600"))


def test_sockets_have_buckets_of_their_own() -> None:
    settings = load(GatewaySettings, rate_limits="robot-socket=7")
    refuse_unknown_buckets(all_sockets(), settings)
    capacities = {socket.limit and socket.limit.capacity for socket in limited(all_sockets(), settings)}
    assert capacities == {7, 120}


def test_a_decision_becomes_three_headers() -> None:
    decision = Decision(allowed=True, limit=60, remaining=59, reset_seconds=1, retry_after_seconds=0)
    assert headers_of(decision) == [
        (b"x-ratelimit-limit", b"60"),
        (b"x-ratelimit-remaining", b"59"),
        (b"x-ratelimit-reset", b"1"),
    ]


def test_an_empty_bucket_says_when_to_come_back() -> None:
    decision = Decision(allowed=False, limit=60, remaining=0, reset_seconds=60, retry_after_seconds=7)
    with pytest.raises(RateLimited) as refused:
        refuse_if_empty(decision, Limit("claim", 60))
    assert refused.value.retry_after_seconds == 7
