"""`casare audit`."""

import json
from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import FakeApi

HASH = "ab" * 32
GOOD: dict[str, Any] = {
    "tenant_id": "default",
    "intact": True,
    "blocks": 17,
    "entries": 240,
    "unsealed": 1,
    "removed_blocks": 3,
    "head": {"number": 20, "hash": HASH},
    "broken": None,
    "cursor": None,
}
ENTRY = {
    "id": "e1",
    "timestamp": "2026-11-20T10:00:00Z",
    "actor": {"kind": "user", "id": "ada"},
    "action": "GET /api/v1/users",
    "resource": {"kind": "path", "id": "/api/v1/users"},
    "address": "192.0.2.1",
    "outcome": "refused",
    "status": 403,
}


def broken(fault: str, entry_id: str | None = None) -> dict[str, Any]:
    return {**GOOD, "intact": False, "broken": {"block": 9, "fault": fault, "entry_id": entry_id}}


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_an_intact_audit_is_exit_code_0_and_shows_its_head(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/audit/verify"] = GOOD

    outcome = logged_in("audit", "verify", "--expect-head", HASH)

    assert outcome.exit_code == 0
    assert {"audit intact", "blocks 17", "entries 240", f"head {HASH}"} <= set(lines(outcome.stdout))
    assert api.asked("GET", "/audit/verify")[0].params == {"expect_head": HASH}
    assert json.loads(logged_in("audit", "verify", "-o", "json").stdout) == GOOD


def test_a_long_chain_is_verified_to_its_end(logged_in: Casare, api: FakeApi) -> None:
    unfinished = [JSONResponse({**GOOD, "intact": None, "cursor": cursor}) for cursor in ("one", "two")]
    api.failing["/audit/verify"] = [*unfinished]
    api.answers["/audit/verify"] = GOOD

    outcome = logged_in("audit", "verify", "--installation")

    assert (outcome.exit_code, outcome.stderr.count("so far")) == (0, 2)
    asked = [one.params for one in api.asked("GET", "/audit/verify")]
    assert asked == [{"installation": "true", **more} for more in ({}, {"cursor": "one"}, {"cursor": "two"})]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (broken("entry-changed", "e7"), "Entry e7 of block 9 was changed."),
        (broken("entry-missing", "e7"), "Entry e7 of block 9 is missing."),
        (broken("entry-extra", "e7"), "Entry e7 was not written by the audit"),
        (broken("block-changed"), "Block 9 was changed."),
        (broken("block-missing"), "Block 9 is missing."),
        (broken("block-unlinked"), "Block 9 does not continue"),
        (broken("head-missing"), "no longer holds the block"),
        (broken("of-the-future"), "breaks at block 9"),
    ],
)
def test_a_broken_audit_is_exit_code_1_says_where_and_what_to_do(
    logged_in: Casare, api: FakeApi, answer: dict[str, Any], told: str
) -> None:
    api.answers["/audit/verify"] = answer

    outcome, as_json = logged_in("audit", "verify"), logged_in("audit", "verify", "-o", "json")

    assert (outcome.exit_code, as_json.exit_code) == (1, 1)
    assert told in outcome.stderr
    assert "Keep the store as it is" in outcome.stderr
    assert json.loads(as_json.stdout) == answer


def test_entries_are_listed_as_asked(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/audit"] = {"entries": [ENTRY], "next_cursor": "more"}

    outcome = logged_in("audit", "list", "--actor", "ada", "--outcome", "refused", "--limit", "1")

    assert outcome.exit_code == 0
    row = "2026-11-20 10:00:00Z user ada GET /api/v1/users /api/v1/users 192.0.2.1 refused (403)"
    assert row in lines(outcome.stdout)
    assert "--all" in outcome.stderr
    assert api.asked("GET", "/audit")[0].params == {"actor": "ada", "outcome": "refused", "limit": "1"}
    assert json.loads(logged_in("audit", "list", "--limit", "1", "-o", "json").stdout) == [ENTRY]
