"""The table of relayed routes, and how a request's path finds its route."""

from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.matching import RouteTable
from gateway.rate_limits import Limit
from gateway.routing import Access, Route, all_routes

TABLE = RouteTable(all_routes())


def scope_of(raw_path: str) -> dict[str, Any]:
    """As a server gives it: the received path, and the same decoded once."""
    return {"path": unquote(raw_path), "raw_path": raw_path.encode()}


def found(method: str, raw_path: str) -> str | None:
    route = TABLE.methods_at(scope_of(raw_path)).get(method)
    return None if route is None else route.path


def test_every_route_is_under_the_public_prefix_and_none_is_internal() -> None:
    assert all(route.path.startswith("/api/v1/") and "internal" not in route.path for route in all_routes())


def test_only_login_has_no_bucket_because_its_lockout_is_its_limit() -> None:
    assert [route.path for route in all_routes() if route.limit is None] == ["/api/v1/auth/login"]


def test_only_these_routes_need_no_credential() -> None:
    public = {route.path for route in all_routes() if route.access is Access.PUBLIC}
    assert public == {
        "/api/v1/auth/login",
        "/api/v1/auth/refresh",
        "/api/v1/metrics/prometheus",
        "/api/v1/webhooks/{token}",
    }


def test_limits_of_one_name_are_one_limit() -> None:
    limits: dict[str, set[Limit]] = {}
    for route in all_routes():
        if route.limit is not None:
            limits.setdefault(route.limit.name, set()).add(route.limit)
    assert all(len(each) == 1 for each in limits.values())


@pytest.mark.parametrize(
    ("method", "path", "per_minute"),
    [
        ("POST", "/auth/refresh", 5),
        ("GET", "/auth/me", 200),
        ("POST", "/workflows", 60),
        ("POST", "/webhooks/t1", 60),
        ("POST", "/jobs", 60),
        ("POST", "/jobs/batch", 60),
        ("POST", "/robots/register", 30),
        ("GET", "/robots", 100),
        ("GET", "/robots/r1", 200),
        ("PUT", "/robots/r1/status", 120),
        ("POST", "/robots/r1/heartbeat", 600),
        ("POST", "/jobs/claim", 120),
        ("POST", "/jobs/j1/extend-lease", 240),
        ("PUT", "/jobs/j1/progress", 600),
        ("POST", "/jobs/j1/cancel", 60),
        ("GET", "/metrics/jobs", 50),
        ("GET", "/metrics/activity", 60),
    ],
)
def test_limits_are_the_contracts(method: str, path: str, per_minute: int) -> None:
    limit = TABLE.methods_at(scope_of(f"/api/v1{path}"))[method].limit
    assert limit is not None
    assert limit.capacity == per_minute


def test_an_endpoint_with_a_limit_of_its_own_has_a_bucket_of_its_own() -> None:
    categories = {"authentication", "list", "detail", "job-operations"}
    names = [route.limit.name for route in all_routes() if route.limit and route.limit.name not in categories]
    assert len(names) == len(set(names))


def test_a_literal_segment_wins_over_a_parameter() -> None:
    assert found("GET", "/api/v1/schedules/upcoming") == "/api/v1/schedules/upcoming"
    assert found("GET", "/api/v1/schedules/other") == "/api/v1/schedules/{schedule_id}"
    assert found("PUT", "/api/v1/schedules/upcoming/enable") == "/api/v1/schedules/{schedule_id}/enable"


def test_the_methods_of_a_path_are_known_also_when_another_was_asked_for() -> None:
    assert set(TABLE.methods_at(scope_of("/api/v1/robots/r1"))) == {"GET", "PUT", "DELETE"}


def test_two_routes_of_one_shape_are_refused() -> None:
    twice = [Route("GET", "/api/v1/a/{x}", "a", None), Route("GET", "/api/v1/a/{y}", "b", None)]
    with pytest.raises(ValueError, match="two routes"):
        RouteTable(twice)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "*",
        "/api/v1",
        "/api/v1/",
        "/api/v1/robots/",
        "/api/v1//robots",
        "//api/v1/robots",
        "/api/v1/robots//status",
        "/api/v1/robots/..",
        "/api/v1/robots/.",
        "/api/v1/robots/%2e%2e",
        "/api/v1/robots/..%2f..%2finternal",
        "/api/v1/robots/a%2Fb",
        "/api/v1/robots/a%5Cb",
        "/api/v1/robots/%00",
        "/api/v1/robots/a%0D%0Ab",
        "/api/v1/robots/a%7F",
        "/api/v1/robots/%FF",
        "/api/v1/robots/%C0%AE",
        "/api/v1/robots/%ED%A0%80",
        "/api/v1/robots/r1/status/more",
        "/api/v1%2Frobots",
        "/api/v1/../v1/robots",
        "/internal/jwks",
        "/api/v1/internal/jwks",
        "/api/v1/../../internal/jwks",
        "/API/V1/robots",
        "/api/v1/robots;x=1",
    ],
)
def test_a_path_that_tries_tricks_leads_nowhere(path: str) -> None:
    assert TABLE.methods_at(scope_of(path)) == {}


@pytest.mark.parametrize("robot_id", ["r1", "a b", "ä", "{}", "{robot_id}", "50%", "..x", "a:b@c", "%2F", "日本"])
def test_an_id_may_hold_any_character_that_needs_only_encoding(robot_id: str) -> None:
    assert found("GET", f"/api/v1/robots/{quote(robot_id, safe='')}") == "/api/v1/robots/{robot_id}"


def test_a_literal_may_be_encoded_as_well() -> None:
    assert found("GET", "/api/v1/%72obots/r1") == "/api/v1/robots/{robot_id}"


def test_a_server_that_gives_no_raw_path_is_served_too() -> None:
    assert "GET" in TABLE.methods_at({"path": "/api/v1/robots/a b"})
    assert TABLE.methods_at({"path": "/api/v1/robots/a/../b"}) == {}


@given(st.text(alphabet="/.%2fFeE5cC0internal\\?;", max_size=40))
def test_no_path_reads_one_way_here_and_another_way_in_a_service(tail: str) -> None:
    raw_path = f"/api/v1/robots/{tail}".partition("?")[0]
    route = TABLE.methods_at(scope_of(raw_path))
    if route:
        decoded = unquote(raw_path)
        assert len(decoded.split("/")) == len(raw_path.split("/"))
        assert not {"", ".", ".."} & set(decoded.removeprefix("/").split("/"))
