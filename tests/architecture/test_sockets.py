"""The gateway relays exactly the WebSockets that the services serve, and knows which answers go on."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from gateway.routing import Route, all_routes, all_sockets
from shared.web.routes import API_PREFIX


def sockets_of(apps: dict[str, FastAPI]) -> set[tuple[str, str]]:
    """Service and path of every WebSocket."""
    return {(name, path) for name, app in apps.items() for path in _socket_paths(app.routes)}


def _socket_paths(routes: Any) -> Iterator[str]:
    for route in routes:
        if isinstance(route, WebSocketRoute):
            yield route.path
        yield from _socket_paths(getattr(route, "routes", None) or ())


async def test_the_gateway_relays_every_socket_of_every_service(apps: dict[str, FastAPI]) -> None:
    relayed = {(socket.upstream, socket.target) for socket in all_sockets()}
    assert sockets_of(apps) <= relayed


async def test_a_service_with_sockets_has_each_that_the_gateway_relays_to_it(apps: dict[str, FastAPI]) -> None:
    offered = sockets_of(apps)
    with_sockets = {name for name, _ in offered}
    relayed = {(socket.upstream, socket.target) for socket in all_sockets() if socket.upstream in with_sockets}
    assert relayed <= offered


async def test_a_socket_that_the_gateway_does_not_know_is_noticed(apps: dict[str, FastAPI]) -> None:
    apps["auth"].add_api_websocket_route(f"{API_PREFIX}/ws/planted", lambda websocket: None)
    assert ("auth", f"{API_PREFIX}/ws/planted") in sockets_of(apps)


def test_every_socket_is_found_with_and_without_the_prefix_and_has_a_limit() -> None:
    paths = {socket.path for socket in all_sockets()}
    assert {path.removeprefix(API_PREFIX) for path in paths} <= paths
    assert {f"{API_PREFIX}{path.removeprefix(API_PREFIX)}" for path in paths} == {
        path for path in paths if path.startswith(API_PREFIX)
    }
    assert all(socket.limit is not None for socket in all_sockets())


async def test_the_gateway_knows_which_answers_go_on(apps: dict[str, FastAPI]) -> None:
    table: dict[tuple[str, str], Route] = {(route.method, route.path): route for route in all_routes()}
    for app in apps.values():
        for path, operations in app.openapi()["paths"].items():
            for method, operation in operations.items():
                content = operation["responses"].get("200", {}).get("content", {})
                route = table.get((method.upper(), path))
                if route is not None:
                    assert route.streams == ("text/event-stream" in content), path
