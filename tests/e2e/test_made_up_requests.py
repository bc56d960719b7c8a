"""Requests made up from `openapi.json`, right and wrong: no server error, and no answer that it does not describe."""

import secrets
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.api import API
from tests.support.deployment import ADMIN_PASSWORD
from tests.support.embedded_deployment import EmbeddedDeployment
from tests.support.forged_tokens import token_like
from tests.support.run import private_folder

EXAMPLES: Final = 12
"""For each operation, right and wrong ones each."""
CHECKS: Final[list[Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
ANSWERED_MS: Final = 20_000
ENDLESS: Final = "/events"
"""Most requests for it have no end; the contract suite calls it with every parameter."""
SPENDS_CREDENTIALS: Final = ("/auth/logout", "/auth/password")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """An installation of its own: what is made up may delete anything."""
    with EmbeddedDeployment(private_folder("e2e-made-up")) as deployment:
        yield deployment.base_url


@pytest.fixture(scope="module")
def credentials(base_url: str) -> dict[str, dict[str, str]]:
    """Headers by security scheme; the token's session is made up too, so that a logout ends only that one."""
    with httpx.Client(base_url=base_url + API, trust_env=False) as client:
        login = {"username": "admin", "password": ADMIN_PASSWORD}
        genuine = client.post("/auth/login", json=login).raise_for_status().json()["access_token"]
        token = {"Authorization": f"Bearer {token_like(genuine, sub='mallory', sid=secrets.token_hex(8))}"}
        made = client.post("/robot-api-keys", json={"name": "made up"}, headers=token).raise_for_status().json()
    return {"accessToken": token, "apiKey": {"X-Api-Key": made["api_key"]}}


@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_no_made_up_request_is_answered_otherwise_than_documented(
    base_url: str, credentials: dict[str, dict[str, str]], mode: schemathesis.GenerationMode
) -> None:
    schema = schemathesis.openapi.from_url(f"{base_url}/openapi.json")
    n_operations, failures = 0, []
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # an operation it cannot read fails the test here
        n_operations += 1
        if operation.path.endswith(ENDLESS):
            continue
        try:
            _try(operation, mode, credentials)
        except AssertionError as failure:
            failures.append(f"{operation.label}: {failure}")
        except BaseExceptionGroup as group:
            failures += [f"{operation.label}: {each}" for each in group.exceptions]
    assert n_operations > 70
    assert failures == [], "\n\n".join(failures)


def _try(operation: Any, mode: schemathesis.GenerationMode, credentials: dict[str, dict[str, str]]) -> None:
    schemes = [name for each in operation.definition.raw.get("security", []) for name in each]
    headers = credentials[schemes[0]] if schemes and operation.path not in SPENDS_CREDENTIALS else {}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=ANSWERED_MS,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers_as_documented(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    answers_as_documented()
