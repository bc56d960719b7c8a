"""`GET /audit`, `GET /audit/verify`, and what comes into the audit (beyond.md, faults: "append-only, refusals too")."""

import asyncio
import random
from typing import Any

import pytest

from shared.events import CloudEvent, EventData, encode, wrap
from shared.events.jobs import JobCompleted, JobSubmitted
from shared.events.robots import RobotLateReport
from shared.events.workflows import WorkflowCreated
from shared.kernel.origin import Origin, originating
from shared.kernel.permissions import Role
from shared.messaging import Message
from tests.component.auth.running_auth import Auth, problem
from tests.support.eventually import eventually

AUDIT, VERIFY, REFUSALS = "/api/v1/audit", "/api/v1/audit/verify", "/internal/audit/refusals"
ADA = Origin("user", "ada", "192.0.2.9", "req-9")
JOB: dict[str, Any] = {"job_id": "j1", "workflow_id": "w1", "workflow_name": "Invoices", "status": "pending"}


def event_of(auth: Auth, data: EventData, event_id: str, subject: str = "s", tenant_id: str = "default") -> CloudEvent:
    with originating(ADA):
        at_ms = auth.clock.advance(ms=1)
        return wrap(data, event_id=event_id, subject=subject, tenant_id=tenant_id, version=1, at_ms=at_ms)


async def publish(auth: Auth, *events: CloudEvent) -> None:
    assert all(await auth.runtime.bus.publish([Message(event.id, event.type, encode(event)) for event in events]))


async def read(auth: Auth, tenant_id: str = "default", **params: Any) -> dict[str, Any]:
    response = await auth.http.get(AUDIT, params=params, headers=auth.as_user(Role.ADMIN, tenant_id=tenant_id))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def ids(auth: Auth, tenant_id: str = "default", **params: Any) -> list[str]:
    return [entry["id"] for entry in (await read(auth, tenant_id, **params))["entries"]]


async def verified(auth: Auth, **params: Any) -> dict[str, Any]:
    response = await auth.http.get(VERIFY, params=params, headers=auth.as_user(Role.ADMIN))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def refusal(number: int, **values: Any) -> dict[str, Any]:
    route = "/api/v1/users/{user_id}"
    known = {"id": f"refusal-{number}", "at_ms": 1_767_268_800_000 + number, "method": "GET", "route": route}
    return {**known, "path": "/api/v1/users/x", "status": 403, "tenant_id": "default", "actor_kind": "user", **values}


async def test_an_event_is_shown_with_who_what_where_and_in_which_request(auth: Auth) -> None:
    data = WorkflowCreated(workflow_id="w1", workflow_name="Invoices", version=1, trigger_type="manual")
    await publish(auth, event_of(auth, data, "ev-1", subject="w1"))

    (entry,) = (await read(auth))["entries"]

    entry.pop("block")
    assert entry == {
        "id": "ev-1",
        "timestamp": "2026-01-01T12:00:00.001000Z",
        "actor": {"kind": "user", "id": "ada"},
        "action": "workflow.created",
        "resource": {"kind": "workflow", "id": "w1"},
        "address": "192.0.2.9",
        "request_id": "req-9",
        "outcome": "done",
        "status": None,
        "detail": {"trigger_type": "manual", "version": 1, "workflow_id": "w1", "workflow_name": "Invoices"},
    }


async def test_events_that_come_often_and_in_any_order_are_one_entry_each_in_the_order_of_time(auth: Auth) -> None:
    events = [event_of(auth, JobSubmitted(**JOB), f"ev-{number}") for number in range(5)]
    await publish(auth, event_of(auth, JobCompleted(**JOB), "not-audited"))
    often = events * 4
    random.Random(7).shuffle(often)

    await asyncio.gather(*(publish(auth, event) for event in often))

    assert await ids(auth) == ["ev-4", "ev-3", "ev-2", "ev-1", "ev-0"]


async def test_a_late_report_of_a_robot_is_a_refusal(auth: Auth) -> None:
    data = RobotLateReport(robot_id="r1", name="r1", environment="default", status="", job_id="j1", report="complete")
    await publish(auth, event_of(auth, data, "ev-1", subject="r1"))

    (entry,) = (await read(auth, outcome="refused"))["entries"]

    assert (entry["action"], entry["status"], entry["detail"]["job_id"]) == ("robot.late_report", 409, "j1")


async def test_what_the_service_itself_does_is_kept(auth: Auth) -> None:
    tokens = (await auth.log_in()).json()
    assert tokens
    key = await auth.http.post("/api/v1/robot-api-keys", json={"name": "R"}, headers=auth.as_user(Role.ADMIN))

    entries = await eventually(lambda: _two(auth))

    by_action = {entry["action"]: entry for entry in entries}
    assert by_action["user.logged_in"]["actor"] == {"kind": "user", "id": "admin"}
    assert by_action["api_key.created"]["actor"] == {"kind": "user", "id": "u1"}
    assert by_action["api_key.created"]["resource"] == {"kind": "api_key", "id": key.json()["key"]["id"]}


async def _two(auth: Auth) -> list[dict[str, Any]] | None:
    entries: list[dict[str, Any]] = (await read(auth))["entries"]
    return entries if len(entries) == 2 else None


async def test_failed_logins_are_kept_for_the_tenant_of_the_user_or_else_for_the_installation(auth: Auth) -> None:
    answer = await auth.log_in("wrong", address="192.0.2.5")
    await auth.log_in("wrong", username="nobody", address="192.0.2.6")

    (known,) = (await read(auth))["entries"]
    (unknown,) = (await read(auth, installation=True))["entries"]

    assert (known["actor"], known["address"], known["request_id"]) == (
        {"kind": "anonymous", "id": "admin"},
        "192.0.2.5",
        answer.headers["x-request-id"],
    )
    assert (known["action"], known["outcome"], known["status"]) == ("POST /api/v1/auth/login", "refused", 401)
    assert (unknown["resource"], unknown["status"]) == ({"kind": "user", "id": "nobody"}, 401)
    assert "wrong" not in str([known, unknown])


async def test_however_often_a_locked_address_tries_it_is_one_entry_a_minute(auth: Auth) -> None:
    for number in range(5):
        await auth.log_in("wrong", username=f"n{number}", address="192.0.2.5")
    for number in range(9):
        assert (await auth.log_in("wrong", username=f"m{number}", address="192.0.2.5")).status_code == 429
    auth.clock.advance(seconds=60)
    await auth.log_in("wrong", address="192.0.2.5")

    entries = (await read(auth, installation=True))["entries"] + (await read(auth))["entries"]

    assert sorted(entry["status"] for entry in entries) == [401] * 5 + [429] * 2


async def test_refusals_told_again_change_nothing(auth: Auth) -> None:
    body = {"refusals": [refusal(1, code="FORBIDDEN", times=3), refusal(2, tenant_id="", status=401)]}
    answers = [await auth.http.post(REFUSALS, json=body, headers=auth.as_gateway) for _ in range(3)]

    assert [answer.json() for answer in answers] == [{"recorded": 2}, {"recorded": 0}, {"recorded": 0}]
    (entry,) = (await read(auth))["entries"]
    assert (entry["action"], entry["resource"]) == (
        "GET /api/v1/users/{user_id}",
        {"kind": "path", "id": "/api/v1/users/x"},
    )
    assert entry["detail"] == {"code": "FORBIDDEN", "times": 3}
    assert await ids(auth, installation=True) == ["refusal-2"]


@pytest.mark.parametrize(
    "change", [{"id": ""}, {"id": "a b"}, {"at_ms": -1}, {"status": 200}, {"route": "x" * 513}, {"times": 0}]
)
async def test_a_refusal_that_cannot_be_kept_is_400(auth: Auth, change: dict[str, Any]) -> None:
    body = {"refusals": [refusal(1), refusal(2, **change)]}
    problem(await auth.http.post(REFUSALS, json=body, headers=auth.as_gateway), 400, "INVALID_INPUT")
    too_many = {"refusals": [refusal(number) for number in range(501)]}
    problem(await auth.http.post(REFUSALS, json=too_many, headers=auth.as_gateway), 400, "INVALID_INPUT")
    assert await ids(auth) == []


async def test_each_tenant_sees_its_own_entries_and_only_admins_of_default_the_installations(auth: Auth) -> None:
    await publish(auth, event_of(auth, JobSubmitted(**JOB), "mine"))
    await publish(auth, event_of(auth, JobSubmitted(**JOB), "theirs", tenant_id="north"))

    assert (await ids(auth), await ids(auth, "north")) == (["mine"], ["theirs"])
    for path in (AUDIT, VERIFY):
        elsewhere = auth.as_user(Role.ADMIN, tenant_id="north")
        problem(
            await auth.http.get(path, params={"installation": True}, headers=elsewhere), 403, "NOT_INSTALLATION_ADMIN"
        )


async def test_filters_and_pages(auth: Auth) -> None:
    await publish(auth, *(event_of(auth, JobSubmitted(**JOB), f"ev-{number}", f"j{number}") for number in range(5)))

    first = await read(auth, limit=2)
    second = await read(auth, limit=2, cursor=first["next_cursor"])
    third = await read(auth, limit=2, cursor=second["next_cursor"])

    pages = [[entry["id"] for entry in page["entries"]] for page in (first, second, third)]
    assert pages == [["ev-4", "ev-3"], ["ev-2", "ev-1"], ["ev-0"]]
    assert third["next_cursor"] is None
    assert await ids(auth, resource_id="j2", actor="ada", action="job.submitted", outcome="done") == ["ev-2"]
    assert await ids(auth, actor="eve") == []
    narrow = {"since": "2026-01-01T12:00:00.002Z", "until": "2026-01-01T13:00:00.004+01:00"}
    assert await ids(auth, **narrow) == ["ev-2", "ev-1"]


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        (AUDIT, {"limit": 0}, "limit"),
        (AUDIT, {"limit": 501}, "limit"),
        (AUDIT, {"outcome": "maybe"}, "outcome"),
        (AUDIT, {"since": "yesterday"}, "since"),
        (AUDIT, {"until": "2026-01-01T12:00:00"}, "until"),
        (AUDIT, {"actor": "a\0"}, "actor"),
        (AUDIT, {"cursor": "nonsense"}, "cursor"),
        (AUDIT, {"cursor": "é"}, "cursor"),
        (VERIFY, {"cursor": "nonsense"}, "cursor"),
        (VERIFY, {"cursor": "bnVsbA"}, "cursor"),
        (VERIFY, {"expect_head": "beef"}, "expect_head"),
    ],
)
async def test_bad_input_is_400_and_names_the_field(auth: Auth, path: str, params: dict[str, Any], field: str) -> None:
    answer = await auth.http.get(path, params=params, headers=auth.as_user(Role.ADMIN))
    assert [error["field"] for error in problem(answer, 400, "INVALID_INPUT")["errors"]] == [field]


async def test_only_administrators_read_and_only_services_tell(auth: Auth) -> None:
    for path in (AUDIT, VERIFY):
        problem(await auth.http.get(path), 401, "UNAUTHENTICATED")
        for headers in (auth.as_user(Role.DEVELOPER), auth.as_robot):
            problem(await auth.http.get(path, headers=headers), 403, "FORBIDDEN")
    problem(await auth.http.post(REFUSALS, json={"refusals": []}), 401, "UNAUTHENTICATED")
    for headers in (auth.as_user(Role.ADMIN), auth.as_robot):
        problem(await auth.http.post(REFUSALS, json={"refusals": []}, headers=headers), 403, "FORBIDDEN")


async def test_nothing_but_reading_is_offered(auth: Auth) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in (AUDIT, VERIFY, f"{AUDIT}/ev-1"):
            answer = await auth.http.request(method, path, headers=auth.as_user(Role.ADMIN))
            assert answer.status_code in (404, 405)


async def test_entries_are_sealed_by_themselves_and_tampering_is_named(auth: Auth) -> None:
    await publish(auth, event_of(auth, JobSubmitted(**JOB), "ev-1"))

    async def sealed() -> dict[str, Any] | None:
        answer = await verified(auth)
        return answer if answer["entries"] else None

    good = await eventually(sealed)
    assert good["head"]["number"] == (await read(auth))["entries"][0]["block"] == 1
    assert (good["intact"], good["blocks"], good["unsealed"], good["broken"], good["cursor"]) == (
        True,
        1,
        0,
        None,
        None,
    )
    assert (await verified(auth, expect_head=good["head"]["hash"]))["intact"] is True
    assert (await verified(auth, expect_head="f" * 64))["broken"]["fault"] == "head-missing"

    await auth.runtime.store.collection("audit_entries").update_one({"_id": "ev-1"}, {"$set": {"actor_id": "eve"}})

    bad = await verified(auth)
    assert bad["intact"] is False
    assert bad["broken"] == {"block": 1, "fault": "entry-changed", "entry_id": "ev-1"}
