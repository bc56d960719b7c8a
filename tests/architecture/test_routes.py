"""Every route declares what it needs, and the gateway relays exactly what the services offer."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from gateway.routing import Access, Route, all_routes
from shared.kernel.permissions import Permission
from shared.web.routes import PERMISSION_KEY

NOT_IN_THE_API: Final = {"/health/live", "/health/ready", "/metrics"}
"""Every service answers these on its own port; they tell nothing about tenants."""


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and OpenAPI operation of every route a service shows."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


@pytest.fixture
def table() -> dict[tuple[str, str], Route]:
    return {(route.method, route.path): route for route in all_routes()}


def undeclared(apps: dict[str, FastAPI]) -> list[str]:
    """Routes without a permission: default deny means that there are none."""
    known = {permission.value for permission in Permission}
    return [
        f"{name} {method} {path}"
        for name, app in apps.items()
        for method, path, operation in operations(app)
        if operation.get(PERMISSION_KEY) not in known
    ]


async def test_every_route_declares_its_permission(apps: dict[str, FastAPI]) -> None:
    assert undeclared(apps) == []


async def test_a_route_without_a_permission_is_noticed(apps: dict[str, FastAPI]) -> None:
    apps["metrics"].add_api_route("/api/v1/planted", lambda: None)
    apps["metrics"].openapi_schema = None
    assert undeclared(apps) == ["metrics GET /api/v1/planted"]


async def test_no_route_hides_from_the_schema(apps: dict[str, FastAPI]) -> None:
    for name, app in apps.items():
        shown = {path for _, path, _ in operations(app)}
        every = {path for path in _paths(app.routes) if path != "/openapi.json"}
        assert every - shown <= NOT_IN_THE_API, name


def _paths(routes: Any) -> Iterator[str]:
    """Of HTTP; OpenAPI knows no WebSockets, which AsyncAPI describes."""
    for route in routes:
        path = getattr(route, "path", None)
        if isinstance(path, str) and not isinstance(route, WebSocketRoute):
            yield path


async def test_the_gateway_relays_every_public_route_of_every_service(
    apps: dict[str, FastAPI], table: dict[tuple[str, str], Route]
) -> None:
    offered = {
        (method, path): name
        for name, app in apps.items()
        for method, path, operation in operations(app)
        if not path.startswith("/internal/")
    }
    relayed = {key: route.upstream for key, route in table.items()}
    assert relayed == offered


async def test_internal_routes_are_for_services_only(apps: dict[str, FastAPI]) -> None:
    permissions = {
        (path, operation[PERMISSION_KEY])
        for app in apps.values()
        for _, path, operation in operations(app)
        if path.startswith("/internal/")
    }
    public_keys = ("/internal/jwks", Permission.PUBLIC.value)
    assert {permission for path, permission in permissions - {public_keys}} == {Permission.INTERNAL.value}


async def test_a_route_is_public_at_the_gateway_only_when_its_service_says_so(
    apps: dict[str, FastAPI], table: dict[tuple[str, str], Route]
) -> None:
    for app in apps.values():
        for method, path, operation in operations(app):
            if (method, path) in table:
                is_public = operation[PERMISSION_KEY] == Permission.PUBLIC.value
                assert (table[method, path].access is Access.PUBLIC) == is_public, path


def test_every_relayed_route_has_a_limit_but_login(table: dict[tuple[str, str], Route]) -> None:
    unlimited = [key for key, route in table.items() if route.limit is None]
    assert unlimited == [("POST", "/api/v1/auth/login")]
