"""`openapi.json` tells everything a client has to know of every operation."""

from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
import pytest
from fastapi import FastAPI

from gateway.limits import limited
from gateway.openapi import RATE_LIMIT_KEY, merged
from gateway.routing import all_routes
from gateway.settings import GatewaySettings
from shared.config import load
from shared.web.problems import PROBLEM_TYPE
from shared.web.routes import PERMISSION_KEY

LEAST_WORDS: Final = 3
RATE_HEADERS: Final = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
HEADERS_OF_ERRORS: Final = {"401": {"WWW-Authenticate"}, "429": {"Retry-After"}, "503": {"Retry-After"}}


@pytest.fixture
def document(apps: dict[str, FastAPI]) -> dict[str, Any]:
    routes = list(limited(all_routes(), load(GatewaySettings)))
    return merged({name: app.openapi() for name, app in apps.items()}, routes)


@pytest.fixture
def named(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Operations by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_says_what_it_does(named: dict[str, dict[str, Any]]) -> None:
    silent = [name for name, each in named.items() if len(each.get("description", "").split()) < LEAST_WORDS]
    assert silent == []
    assert [name for name, each in named.items() if not each.get("summary")] == []


def test_every_operation_has_an_id_of_its_own(named: dict[str, dict[str, Any]]) -> None:
    ids = [each["operationId"] for each in named.values()]
    assert sorted(set(ids)) == sorted(ids)


def test_every_error_is_a_problem(named: dict[str, dict[str, Any]]) -> None:
    for name, operation in named.items():
        errors = {status: answer for status, answer in operation["responses"].items() if int(status) >= 400}
        assert {"400", "429", "500", "503"} <= errors.keys(), name
        assert "requestBody" not in operation or "413" in errors, name
        for status, answer in errors.items():
            assert list(answer["content"]) == [PROBLEM_TYPE], (name, status)


def test_every_error_shows_a_whole_body_and_the_headers_it_brings(
    document: dict[str, Any], named: dict[str, dict[str, Any]]
) -> None:
    problem = jsonschema_rs.Draft202012Validator(document["components"]["schemas"]["Problem"])
    for name, operation in named.items():
        for status, answer in operation["responses"].items():
            if int(status) < 400:
                continue
            example = answer["content"][PROBLEM_TYPE]["example"]
            assert [error.message for error in problem.iter_errors(example)] == [], (name, status)
            assert example["status"] == int(status), name
            assert HEADERS_OF_ERRORS.get(status, set()) <= answer.get("headers", {}).keys(), (name, status)


def test_every_parameter_is_described(named: dict[str, dict[str, Any]]) -> None:
    silent = [
        f"{name}: {parameter['name']}"
        for name, operation in named.items()
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]
    assert silent == []


def test_every_guarded_operation_says_how_to_be_let_in(named: dict[str, dict[str, Any]]) -> None:
    for name, operation in named.items():
        is_public = operation[PERMISSION_KEY] == "public"
        assert bool(operation["security"]) != is_public, name
        assert is_public or {"401", "403"} <= operation["responses"].keys(), name


def test_every_limited_operation_says_its_limit_and_the_headers(named: dict[str, dict[str, Any]]) -> None:
    for name, operation in named.items():
        if name == "POST /api/v1/auth/login":
            continue
        assert operation[RATE_LIMIT_KEY]["limit"] > 0, name
        for answer in operation["responses"].values():
            assert answer["headers"].keys() >= RATE_HEADERS, name


def test_every_body_and_answer_shows_an_example(document: dict[str, Any], named: dict[str, dict[str, Any]]) -> None:
    missing = [
        f"{name}: {what}"
        for name, operation in named.items()
        for what, content in _contents(operation)
        if _schema(content) and not _examples(document, content)
    ]
    assert missing == []


def test_every_example_is_what_its_schema_allows(document: dict[str, Any], named: dict[str, dict[str, Any]]) -> None:
    for name, operation in named.items():
        for what, content in _contents(operation):
            validator = jsonschema_rs.Draft202012Validator({**_schema(content), "components": document["components"]})
            for example in _examples(document, content):
                faults = [error.message for error in validator.iter_errors(example)]
                assert faults == [], (name, what, example)


def _contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON of the request and of the good answer."""
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if sent is not None:
        yield "request", sent
    answered = _success(operation).get("content", {}).get("application/json")
    if answered is not None:
        yield "answer", answered


def _success(operation: dict[str, Any]) -> dict[str, Any]:
    """The one good answer of the operation."""
    (answer,) = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
    found: dict[str, Any] = answer
    return found


def _schema(content: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = content.get("schema", {})
    return schema


def _examples(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    """Of the media type itself, or of the schema it refers to."""
    if "example" in content:
        return [content["example"]]
    if "examples" in content:
        return [example["value"] for example in content["examples"].values()]
    return list(_examples_of(document, _schema(content)))


def _examples_of(document: dict[str, Any], schema: dict[str, Any]) -> Iterator[Any]:
    if "examples" in schema:
        yield from schema["examples"]
    elif "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _examples_of(document, document["components"]["schemas"][name])
    elif schema.get("type") == "array":
        yield from ([example] for example in _examples_of(document, schema.get("items", {})))
    else:
        for inner in schema.get("anyOf", ()):
            yield from _examples_of(document, inner)
