"""One OpenAPI document out of several."""

from typing import Any

from gateway.openapi import merged
from gateway.rate_limits import Limit
from gateway.routing import Access, Route
from shared.kernel.permissions import Permission

ROUTES = [
    Route("GET", "/api/v1/robots/{robot_id}", "dispatcher", Limit("robot-detail", 200)),
    Route("POST", "/api/v1/jobs/claim", "dispatcher", Limit("claim", 120)),
    Route("GET", "/api/v1/schedules", "scheduler", Limit("list", 100)),
    Route("POST", "/api/v1/auth/login", "auth", None, Access.PUBLIC),
]


def operation(permission: Permission, reference: str = "Thing") -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{reference}"}
    answers = {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}
    return {"tags": ["things"], "x-permission": permission.value, "responses": answers}


def document(paths: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}


PROBLEM = {"type": "object", "title": "Problem"}
DOCUMENTS = {
    "auth": document({"/api/v1/auth/login": {"post": operation(Permission.PUBLIC)}}, Problem=PROBLEM, Thing={"a": 1}),
    "dispatcher": document(
        {
            "/api/v1/robots/{id}": {"get": operation(Permission.READ)},
            "/api/v1/jobs/claim": {"post": operation(Permission.ROBOT)},
            "/internal/secret": {"get": operation(Permission.INTERNAL, "Secret")},
        },
        Problem=PROBLEM,
        Thing={"properties": {"inner": {"$ref": "#/components/schemas/Thing"}}},
        Secret={"properties": {"thing": {"$ref": "#/components/schemas/Thing"}}},
    ),
    "scheduler": document({"/api/v1/schedules": {"get": operation(Permission.READ)}}, Problem=PROBLEM, Thing={"a": 1}),
}


def test_only_relayed_routes_are_described_under_the_services_own_paths() -> None:
    paths = merged(DOCUMENTS, ROUTES)["paths"]
    assert {(path, method) for path, operations in paths.items() for method in operations} == {
        ("/api/v1/robots/{id}", "get"),
        ("/api/v1/jobs/claim", "post"),
        ("/api/v1/schedules", "get"),
        ("/api/v1/auth/login", "post"),
    }


def test_a_limited_operation_states_its_limit_and_headers() -> None:
    claim = merged(DOCUMENTS, ROUTES)["paths"]["/api/v1/jobs/claim"]["post"]
    assert claim["x-rate-limit"] == {"bucket": "claim", "limit": 120, "window_seconds": 60}
    assert set(claim["responses"]["200"]["headers"]) == {
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
    }


def test_an_operation_without_a_bucket_states_none() -> None:
    login = merged(DOCUMENTS, ROUTES)["paths"]["/api/v1/auth/login"]["post"]
    assert "x-rate-limit" not in login
    assert "headers" not in login["responses"]["200"]


def test_an_operation_names_the_credentials_that_can_have_its_permission() -> None:
    paths = merged(DOCUMENTS, ROUTES)["paths"]
    assert paths["/api/v1/auth/login"]["post"]["security"] == []
    assert paths["/api/v1/robots/{id}"]["get"]["security"] == [{"accessToken": []}]
    assert paths["/api/v1/jobs/claim"]["post"]["security"] == [{"apiKey": []}]


def test_schemas_of_one_name_and_other_contents_are_kept_apart() -> None:
    whole = merged(DOCUMENTS, ROUTES)
    schemas = whole["components"]["schemas"]
    assert schemas["DispatcherThing"] == {"properties": {"inner": {"$ref": "#/components/schemas/DispatcherThing"}}}
    answer = whole["paths"]["/api/v1/robots/{id}"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/DispatcherThing"}


def test_schemas_of_internal_routes_stay_inside() -> None:
    assert set(merged(DOCUMENTS, ROUTES)["components"]["schemas"]) == {"AuthThing", "DispatcherThing", "SchedulerThing"}


def test_every_reference_leads_somewhere() -> None:
    whole = merged(DOCUMENTS, ROUTES)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [reference for inner in value.values() for reference in references(inner)]
        return [reference for inner in value for reference in references(inner)] if isinstance(value, list) else []

    for reference in references(whole):
        found: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            assert part in found, reference
            found = found[part]


def test_the_services_documents_are_left_as_they_were() -> None:
    before = repr(DOCUMENTS)
    merged(DOCUMENTS, ROUTES)
    assert repr(DOCUMENTS) == before


def test_a_service_that_describes_nothing_adds_nothing() -> None:
    assert merged({"auth": {}}, ROUTES)["paths"] == {}


def test_an_operation_with_a_body_says_that_the_body_has_a_cap() -> None:
    with_body = {**operation(Permission.PUBLIC), "requestBody": {}}
    login = merged({"auth": document({"/api/v1/auth/login": {"post": with_body}})}, ROUTES)
    assert list(login["paths"]["/api/v1/auth/login"]["post"]["responses"]) == ["200", "413"]
