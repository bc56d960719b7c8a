"""The contract suite's table names every route the gateway relays, with the permission and the limit it has."""

import re
from typing import Any, Final

import pytest
from fastapi import FastAPI

from docs.generate_api_coverage import PAGE, page
from gateway.routing import Access, Route, all_routes
from shared.kernel.permissions import Permission
from shared.web.routes import API_PREFIX, PERMISSION_KEY
from tests.architecture.test_routes import operations
from tests.support.contract.endpoint import Endpoint
from tests.support.contract.rows import ENDPOINTS

PERMISSIONS: Final = {
    "public": Permission.PUBLIC,
    "user": Permission.ANY_USER,
    "viewer": Permission.READ,
    "operator": Permission.OPERATE,
    "developer": Permission.DEVELOP,
    "admin": Permission.ADMINISTER,
    "robot": Permission.ROBOT,
    "robot or operator": Permission.ROBOT_OR_OPERATE,
    "robot or viewer": Permission.ROBOT_OR_READ,
}


def shape_of(method: str, path: str) -> tuple[str, str]:
    """A route however its parameters are called."""
    return method, re.sub(r"\{[^}]*\}", "{}", path.removeprefix(API_PREFIX))


ROWS: Final[dict[tuple[str, str], Endpoint]] = {shape_of(row.method, row.path): row for row in ENDPOINTS}


@pytest.fixture
def routes() -> dict[tuple[str, str], Route]:
    return {shape_of(route.method, route.path): route for route in all_routes()}


def test_every_route_has_its_row_and_every_row_its_route(routes: dict[tuple[str, str], Route]) -> None:
    assert len(ROWS) == len(ENDPOINTS)
    assert sorted(ROWS) == sorted(routes)


def test_every_route_has_the_limit_of_its_row(routes: dict[tuple[str, str], Route]) -> None:
    limits = {name: None if route.limit is None else route.limit.capacity for name, route in routes.items()}
    assert limits == {name: row.limit for name, row in ROWS.items()}


def test_every_route_is_public_only_where_its_row_says_so(routes: dict[tuple[str, str], Route]) -> None:
    public = {name for name, route in routes.items() if route.access is Access.PUBLIC}
    assert public == {name for name, row in ROWS.items() if row.needs == "public"}


async def test_every_route_needs_the_permission_of_its_row(apps: dict[str, FastAPI]) -> None:
    declared: dict[tuple[str, str], Any] = {
        shape_of(method, path): operation[PERMISSION_KEY]
        for app in apps.values()
        for method, path, operation in operations(app)
        if not path.startswith("/internal/")
    }
    assert declared == {name: PERMISSIONS[row.needs].value for name, row in ROWS.items()}


def test_the_coverage_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `.venv/bin/python docs/generate_api_coverage.py`"
