"""One OpenAPI document out of the services' own: only what is relayed, with what the gateway adds."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.routing import Access, Route
from shared.kernel.permissions import ROBOT_PERMISSIONS, Permission, Role, permissions_of
from shared.web.error_responses import error_responses
from shared.web.routes import PERMISSION_KEY

Json = dict[str, Any]

RATE_LIMIT_KEY: Final = "x-rate-limit"
_TOKEN: Final = "accessToken"  # noqa: S105 - a scheme's name
_API_KEY: Final = "apiKey"
_USERS: Final = permissions_of(frozenset({Role.ADMIN}))
_SCHEMA_PREFIX: Final = "#/components/schemas/"
_PARAMETER: Final = re.compile(r"\{[^}]*\}")
_DESCRIPTION: Final = """\
Orchestrator for robotic automation: submit, schedule, dispatch and watch workflows on a fleet of robots.

Users log in at `/api/v1/auth/login` and send `Authorization: Bearer <access token>`; robots send `X-Api-Key: crpa_…`.
Every error is a problem document (RFC 9457) whose `detail` is meant for people and whose `code` is stable.
Every answer carries `X-Request-ID`, the caller's own if it sent a sane one. Each operation names its rate limit in
`x-rate-limit`; the bucket is the credential's, or the address's for requests without one. A `POST` that creates takes
an `Idempotency-Key`, so that it can be sent again after an answer was lost.
"""
_TOO_LARGE: Final = error_responses({413})[413]
_RATE_HEADERS: Final = {
    "X-RateLimit-Limit": "Requests the bucket holds.",
    "X-RateLimit-Remaining": "Requests left in the bucket.",
    "X-RateLimit-Reset": "Seconds until the bucket is full again.",
}


def merged(documents: Mapping[str, Json], routes: Iterable[Route]) -> Json:
    """The document of the whole API. Routes that a service does not describe are left out."""
    documents = {name: _with_own_names(name, document, documents) for name, document in documents.items()}
    paths: Json = {}
    for route in routes:
        found = _operation_of(route, documents.get(route.upstream, {}))
        if found is not None:
            path, operation = found
            paths.setdefault(path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "CasareRPA Orchestrator", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "This gateway"}],
        "tags": _tags_of(paths),
        "paths": paths,
        "components": {
            "schemas": _schemas_behind(paths, _all_schemas(documents.values())),
            "headers": {name: _header(text) for name, text in _RATE_HEADERS.items()},
            "securitySchemes": {
                _TOKEN: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                _API_KEY: {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            },
        },
    }


def _operation_of(route: Route, document: Json) -> tuple[str, Json] | None:
    """The service's description of `route`, under the service's own path, completed."""
    shape = _PARAMETER.sub("{}", route.path)
    for path, operations in document.get("paths", {}).items():
        operation = operations.get(route.method.lower())
        if operation is not None and _PARAMETER.sub("{}", path) == shape:
            return path, _completed(operation, route)
    return None


def _completed(operation: Json, route: Route) -> Json:
    operation = {**operation, "security": _security(operation, route)}
    if "requestBody" in operation:  # the gateway caps every body
        operation["responses"] = dict(sorted({"413": _TOO_LARGE, **operation["responses"]}.items()))
    if route.limit is None:
        return operation
    operation[RATE_LIMIT_KEY] = {
        "bucket": route.limit.name,
        "limit": route.limit.capacity,
        "window_seconds": route.limit.period_seconds,
    }
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _RATE_HEADERS}
    operation["responses"] = {
        status: {**response, "headers": {**response.get("headers", {}), **headers}}
        for status, response in operation["responses"].items()
    }
    return operation


def _security(operation: Json, route: Route) -> list[Json]:
    if route.access is Access.PUBLIC:
        return []
    permission = Permission(operation.get(PERMISSION_KEY, Permission.ANY_USER))
    by_token: list[Json] = [{_TOKEN: []}] if permission in _USERS else []
    by_key: list[Json] = [{_API_KEY: []}] if permission in ROBOT_PERMISSIONS else []
    return by_token + by_key


def _tags_of(paths: Json) -> list[Json]:
    names = [tag for operations in paths.values() for o in operations.values() for tag in o.get("tags", [])]
    return [{"name": name} for name in dict.fromkeys(names)]


def _all_schemas(documents: Iterable[Json]) -> Json:
    schemas: Json = {}
    for document in documents:
        schemas |= _schemas_in(document)
    return schemas


def _schemas_behind(paths: Json, schemas: Json) -> Json:
    """Those of `schemas` that `paths` lead to: what only internal routes use is nobody's business outside."""
    wanted: Json = {}
    found = _names_in(paths)
    while found:
        wanted |= {name: schemas[name] for name in found if name in schemas}
        found = _names_in(wanted) & schemas.keys() - wanted.keys()
    return {name: schemas[name] for name in schemas if name in wanted}


def _names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {name for inner in value.values() for name in _names_in(inner)}
    if isinstance(value, list):
        return {name for inner in value for name in _names_in(inner)}
    if isinstance(value, str) and value.startswith(_SCHEMA_PREFIX):
        return {value.removeprefix(_SCHEMA_PREFIX)}
    return set()


def _with_own_names(service: str, document: Json, documents: Mapping[str, Json]) -> Json:
    """`document` with those schemas renamed that another service has, under the same name, with other contents."""
    others = [_schemas_in(other) for name, other in documents.items() if name != service]
    renamed = {
        name: f"{service.capitalize()}{name}"
        for name, schema in _schemas_in(document).items()
        if any(name in other and other[name] != schema for other in others)
    }
    if not renamed:
        return document
    components = {renamed.get(name, name): schema for name, schema in _schemas_in(document).items()}
    changed = {**document, "components": {**document.get("components", {}), "schemas": components}}
    result: Json = _with_references(changed, renamed)
    return result


def _with_references(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_references(inner, renamed) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_references(inner, renamed) for inner in value]
    if isinstance(value, str) and value.startswith(_SCHEMA_PREFIX):
        name = value.removeprefix(_SCHEMA_PREFIX)
        return f"{_SCHEMA_PREFIX}{renamed.get(name, name)}"
    return value


def _schemas_in(document: Json) -> Json:
    schemas: Json = document.get("components", {}).get("schemas", {})
    return schemas


def _header(description: str) -> Json:
    return {"description": description, "schema": {"type": "integer"}}
