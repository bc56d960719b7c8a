"""`Idempotency-Key` on every call that creates something (clarifications 15)."""

import asyncio
import secrets
from typing import Any, Final

import httpx
import pytest

from tests.support.contract.calls import Row
from tests.support.contract.cast import Cast
from tests.support.contract.document import ApiDocument
from tests.support.contract.endpoint import Endpoint
from tests.support.contract.rows import ENDPOINTS
from tests.support.system import System

HEADER: Final = "Idempotency-Key"
CREATING: Final = {
    "POST /workflows",
    "POST /workflows/upload",
    "POST /workflows/{workflow}/webhooks",
    "POST /jobs",
    "POST /jobs/batch",
    "POST /jobs/{failed}/retry",
    "POST /jobs/{held}/logs",
    "POST /dlq/{dead}/retry",
    "POST /schedules",
    "PUT /schedules/{disabled_schedule}/trigger",
    "POST /robot-api-keys",
    "POST /robot-api-keys/{key}/rotate",
    "POST /users",
    "POST /tenants",
}
"""Not among them: a webhook's delivery, which has an id, and a robot's registration, which may always be repeated."""
AT_ONCE: Final = 4
ROWS: Final = [row for row in ENDPOINTS if row.name in CREATING]


async def test_these_are_all_routes_that_take_a_key(document: ApiDocument) -> None:
    taking = [
        operation
        for operation in document.operations.values()
        if any(parameter["name"] == HEADER for parameter in operation.get("parameters", ()))
    ]
    assert len(taking) == len(CREATING) == len(ROWS)


@pytest.mark.parametrize("endpoint", ROWS, ids=lambda endpoint: endpoint.name)
async def test_a_repeat_gets_the_first_answer_and_another_request_none(
    system: System, document: ApiDocument, endpoint: Endpoint
) -> None:
    row = Row(endpoint, system, document)
    async with Cast(system) as cast:
        headers = {**endpoint.headers, HEADER: f"key-{secrets.token_hex(8)}"}
        first = await row.send(cast, headers=headers)
        row.expect_good(first, "the first call")
        again = await row.send(cast, headers=headers)
        assert _told(again) == _told(first)
        assert again.headers["idempotent-replayed"] == "true"
        other = await row.send(cast, headers=headers, query={**endpoint.query, "other": "request"})
        row.expect_problem(other, 409, "IDEMPOTENCY_KEY_REUSED", "the same key with another request")
    assert row.faults == [], "\n".join(row.faults)


@pytest.mark.parametrize("endpoint", ROWS, ids=lambda endpoint: endpoint.name)
async def test_of_calls_at_once_one_creates_and_the_others_are_told_so(
    system: System, document: ApiDocument, endpoint: Endpoint
) -> None:
    row = Row(endpoint, system, document)
    async with Cast(system) as cast:
        await cast.filled([endpoint.path, endpoint.body if isinstance(endpoint.body, dict) else ""])
        headers = {**endpoint.headers, HEADER: f"key-{secrets.token_hex(8)}"}
        answers = await asyncio.gather(*(row.send(cast, headers=headers) for _ in range(AT_ONCE)))
    good = [answer for answer in answers if answer.status_code == endpoint.status]
    refused = {answer.json()["code"] for answer in answers if answer.status_code != endpoint.status}
    assert good
    assert refused <= {"IDEMPOTENCY_IN_PROGRESS"}
    assert all(_told(answer) == _told(good[0]) for answer in good)


def _told(answer: httpx.Response) -> Any:
    return answer.status_code, answer.json()
