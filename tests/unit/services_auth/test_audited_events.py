"""Which events the audit keeps, and as what."""

import json
from typing import Any

import msgspec
import pytest

from services.auth.domain.audit import AuditEntry, Outcome
from services.auth.domain.audited_events import entry_of
from shared.events import CloudEvent, MalformedEvent

NOON_MS = 1_767_268_800_000


def event(event_type: str, actor: str = "user", data: dict[str, Any] | None = None, **values: Any) -> CloudEvent:
    attributes = {
        "id": "ev1",
        "source": "/casare/x",
        "type": event_type,
        "subject": "s1",
        "time": "2026-01-01T12:00:00.000Z",
        "tenantid": "t",
        "aggregateversion": 1,
        "data": msgspec.Raw(json.dumps(data or {}).encode()),
        "timems": NOON_MS,
        "actorkind": actor,
        "actorid": "ada" if actor else "",
        "clientaddress": "192.0.2.1",
        "requestid": "req",
    }
    return CloudEvent(**{**attributes, **values})


def kept(*arguments: Any, **values: Any) -> AuditEntry:
    entry = entry_of(event(*arguments, **values))
    assert entry is not None
    return entry


def test_an_entry_says_who_did_what_to_which_resource_from_where_and_in_which_request() -> None:
    data = {"workflow_name": "Invoices", "cancelled_by": "ada", "queue_position": "x", "error": {"a": 1}}
    assert kept("job.cancelled", data=data) == AuditEntry(
        id="ev1",
        tenant_id="t",
        at_ms=NOON_MS,
        action="job.cancelled",
        outcome=Outcome.DONE,
        actor_kind="user",
        actor_id="ada",
        resource_kind="job",
        resource_id="s1",
        address="192.0.2.1",
        request_id="req",
        detail_json='{"cancelled_by":"ada","workflow_name":"Invoices"}',
    )


@pytest.mark.parametrize(
    ("event_type", "kind"),
    [
        ("workflow.created", "workflow"),
        ("workflow.archived_one_day", "workflow"),
        ("webhook.fired", "webhook"),
        ("user.disabled", "user"),
        ("tenant.created", "tenant"),
        ("api_key.rotated", "api_key"),
        ("session.revoked", "session"),
        ("schedule.deleted", "schedule"),
        ("robot.registered", "robot"),
    ],
)
@pytest.mark.parametrize("actor", ["user", "robot", "service", ""])
def test_what_concerns_administrators_is_kept_whoever_did_it(event_type: str, kind: str, actor: str) -> None:
    entry = kept(event_type, actor)
    assert (entry.resource_kind, entry.actor_kind) == (kind, actor or "system")


@pytest.mark.parametrize("event_type", ["job.claimed", "job.completed", "job.failed", "schedule.fired", "job.due"])
@pytest.mark.parametrize("actor", ["user", "robot", ""])
def test_how_jobs_fare_is_not_kept_whoever_caused_it(event_type: str, actor: str) -> None:
    assert entry_of(event(event_type, actor)) is None


def test_a_job_is_kept_when_a_user_or_a_webhook_submitted_it() -> None:
    assert kept("job.submitted").resource_kind == "job"
    assert kept("job.submitted", "anonymous", {"trigger": "webhook"}).actor_kind == "anonymous"
    assert entry_of(event("job.submitted", "", {"trigger": "schedule"})) is None


def test_whatever_else_a_user_does_is_kept_under_its_own_name() -> None:
    entry = kept("queue.emptied_by_hand")
    assert (entry.action, entry.resource_kind, entry.resource_id) == ("queue.emptied_by_hand", "queue", "s1")
    assert entry_of(event("queue.emptied_by_hand", "")) is None


def test_a_login_names_the_user_it_proved() -> None:
    entry = kept("user.logged_in", "anonymous", {"user_id": "maria", "session_id": "s1"})
    assert (entry.actor_kind, entry.actor_id, entry.resource_kind) == ("user", "maria", "session")


def test_a_late_report_is_a_refusal() -> None:
    entry = kept("robot.late_report", "robot", {"job_id": "j1", "report": "complete"})
    assert (entry.outcome, entry.status) == (Outcome.REFUSED, 409)


def test_details_are_few_and_short() -> None:
    data = {"name": "x" * 9_000, "roles": ["admin"] * 99, "reason": None, "status": {"deep": 1}, "password": "secret"}
    detail = json.loads(kept("user.created", data=data).detail_json)
    assert detail == {"name": "x" * 200, "roles": ["admin"] * 20}


@pytest.mark.parametrize(
    "values",
    [{"id": ""}, {"id": "x" * 201}, {"tenantid": "a\0"}, {"tenantid": ""}, {"timems": -1}, {"timems": 10**14}],
)
def test_an_event_that_cannot_be_kept_is_malformed(values: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent):
        entry_of(event("user.created", **values))


def test_a_type_that_is_none_is_malformed() -> None:
    with pytest.raises(MalformedEvent):
        entry_of(event("user." + "x" * 99))
