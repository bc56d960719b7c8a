"""`POST /robot-api-keys/{key_id}/rotate` (clarifications 7), and keys of robots that are no more."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import httpx
import pytest

from shared.events import wrap
from shared.events.auth import ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated
from shared.events.envelope import encode
from shared.events.robots import RobotDeleted
from shared.kernel.clock import iso_utc, to_datetime
from shared.kernel.permissions import Role
from shared.messaging import Message
from tests.component.auth.robot_keys import KEYS, create, created, listed, revoke, verify
from tests.component.auth.running_auth import Auth, StartAuth, problem
from tests.support.eventually import eventually

DAY_SECONDS = 24 * 3600


async def rotate(
    auth: Auth,
    key_id: str,
    body: dict[str, Any] | None = None,
    *,
    tenant_id: str = "default",
    idempotency_key: str | None = None,
) -> httpx.Response:
    headers = auth.as_user(Role.ADMIN, tenant_id=tenant_id)
    if idempotency_key is not None:
        headers["idempotency-key"] = idempotency_key
    return await auth.http.post(f"{KEYS}/{key_id}/rotate", json=body, headers=headers)


async def rotated(auth: Auth, key_id: str, **body: Any) -> dict[str, Any]:
    response = await rotate(auth, key_id, body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def key_of(auth: Auth, key_id: str) -> dict[str, Any]:
    response = await auth.http.get(f"{KEYS}/{key_id}", headers=auth.as_user(Role.ADMIN))
    assert response.status_code == 200, response.text
    key: dict[str, Any] = response.json()
    return key


async def opens(auth: Auth, api_key: str) -> bool:
    return (await verify(auth, api_key)).status_code == 200


async def test_the_successor_is_like_the_old_key_and_both_open_for_a_day(auth: Auth) -> None:
    old = await created(auth, name="Line 1", robot_id="r1", description="on line 1", environment="plant")
    auth.clock.advance(seconds=60)

    response = await rotate(auth, old["key"]["id"])

    answer = response.json()
    assert set(answer) == {"api_key", "key", "previous"}
    assert response.headers["cache-control"] == "no-store"
    new, previous = answer["key"], answer["previous"]
    assert new["id"] != old["key"]["id"]
    assert {**new, "id": "", "created_at": ""} == {**old["key"], "id": "", "created_at": ""}
    assert datetime.fromisoformat(new["created_at"]) == to_datetime(auth.clock.now_ms())
    ends = iso_utc(auth.clock.now_ms() + DAY_SECONDS * 1000)
    assert datetime.fromisoformat(previous["expires_at"]) == datetime.fromisoformat(ends)
    assert previous == {**old["key"], "expires_at": previous["expires_at"], "rotated_to": new["id"]}
    assert await opens(auth, old["api_key"])
    assert await opens(auth, answer["api_key"])

    auth.clock.advance(seconds=DAY_SECONDS)

    assert not await opens(auth, old["api_key"])
    assert await opens(auth, answer["api_key"])
    assert (await key_of(auth, previous["id"]))["status"] == "expired"


async def test_without_overlap_the_old_key_is_revoked_at_once_and_gateways_hear_of_it(auth: Auth) -> None:
    old = await created(auth)

    answer = await rotated(auth, old["key"]["id"], overlap_seconds=0)

    assert (answer["key"]["status"], answer["previous"]["status"]) == ("active", "revoked")
    assert not await opens(auth, old["api_key"])
    assert (await auth.event(ApiKeyRevoked)).subject == old["key"]["id"]


async def test_an_overlap_never_prolongs_the_old_key_and_the_successor_keeps_its_expiry(auth: Auth) -> None:
    expires_at = iso_utc(auth.clock.now_ms() + 60_000)
    old = await created(auth, expires_at=expires_at)

    answer = await rotated(auth, old["key"]["id"], overlap_seconds=3600)

    assert answer["previous"]["expires_at"] == old["key"]["expires_at"] == answer["key"]["expires_at"]


async def test_the_successor_may_get_another_expiry(auth: Auth) -> None:
    old = await created(auth)
    expires_at = iso_utc(auth.clock.now_ms() + 60_000)

    answer = await rotated(auth, old["key"]["id"], expires_at=expires_at)

    assert datetime.fromisoformat(answer["key"]["expires_at"]) == datetime.fromisoformat(expires_at)


async def test_a_rotation_is_announced_on_the_old_key_and_its_successor_as_created(auth: Auth) -> None:
    old = (await created(auth, name="Line 1", robot_id="r1"))["key"]

    new = (await rotated(auth, old["id"], overlap_seconds=60))["key"]

    event = await auth.event(ApiKeyRotated)
    assert (event.subject, event.aggregateversion, event.tenantid) == (old["id"], 2, "default")
    assert event.data_as(ApiKeyRotated) == ApiKeyRotated(
        key_id=old["id"],
        key_name="Line 1",
        rotated_to=new["id"],
        valid_until_ms=auth.clock.now_ms() + 60_000,
        robot_id="r1",
    )
    await eventually(lambda: [e.subject for e in auth.events if e.type == ApiKeyCreated.TYPE] == [old["id"], new["id"]])


async def test_a_repeat_with_the_same_idempotency_key_shows_the_same_successor(auth: Auth) -> None:
    old = (await created(auth))["key"]

    first = await rotate(auth, old["id"], idempotency_key="turn 1")
    second = await rotate(auth, old["id"], idempotency_key="turn 1")

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert (await listed(auth))["total"] == 2


@pytest.mark.parametrize("died", ["before the old key was retired", "before the answer was kept"])
async def test_a_rotation_cut_short_anywhere_is_finished_by_its_repeat(auth: Auth, died: str) -> None:
    old = await created(auth)
    first = (await rotate(auth, old["key"]["id"], {"overlap_seconds": 0}, idempotency_key="turn 1")).json()
    store = auth.runtime.store
    unanswered = {"$set": {"answer": None, "started_ms": 0}}
    await store.collection("idempotency_keys").update_many({}, unanswered)
    if died == "before the old key was retired":
        back = {"$unset": {"rotated_to": "", "expires_ms": "", "revoked_ms": ""}}
        await store.collection("api_keys").update_one({"_id": old["key"]["id"]}, back)

    second = await rotate(auth, old["key"]["id"], {"overlap_seconds": 0}, idempotency_key="turn 1")

    assert second.json()["api_key"] == first["api_key"]
    assert (await key_of(auth, old["key"]["id"]))["status"] == "revoked"
    assert (await listed(auth))["total"] == 2


async def test_a_key_that_is_over_or_has_a_successor_cannot_be_rotated(auth: Auth) -> None:
    revoked, replaced = (await created(auth))["key"]["id"], (await created(auth))["key"]["id"]
    expires_at = iso_utc(auth.clock.now_ms() + 1000)
    expired = (await created(auth, expires_at=expires_at))["key"]["id"]
    await revoke(auth, revoked)
    successor = (await rotated(auth, replaced))["key"]["id"]
    auth.clock.advance(seconds=1)
    total = (await listed(auth))["total"]

    refusals = [problem(await rotate(auth, key), 409, "API_KEY_NOT_ROTATABLE") for key in (revoked, expired, replaced)]

    for reason, refusal in zip(("revoked", "expired", successor), refusals, strict=True):
        assert reason in refusal["detail"]
    assert (await listed(auth))["total"] == total


async def test_of_rotations_at_once_one_wins_and_the_others_leave_no_usable_key(auth: Auth) -> None:
    old = (await created(auth))["key"]["id"]

    responses = await asyncio.gather(*(rotate(auth, old) for _ in range(5)))

    statuses = Counter(response.status_code for response in responses)
    assert statuses[200] == 1
    assert set(statuses) <= {200, 409}
    (winner,) = [response.json()["key"]["id"] for response in responses if response.status_code == 200]
    active = {key["id"] for key in (await listed(auth, "?status=active"))["keys"]}
    assert active == {old, winner}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"overlap_seconds": -1}, "overlap_seconds"),
        ({"overlap_seconds": 604_801}, "overlap_seconds"),
        ({"overlap_seconds": "soon"}, "overlap_seconds"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"name": "another"}, "name"),
    ],
)
async def test_bad_input_is_400_and_changes_nothing(auth: Auth, body: dict[str, Any], field: str) -> None:
    old = (await created(auth))["key"]

    refused = problem(await rotate(auth, old["id"], body), 400, "INVALID_INPUT")

    assert [error["field"] for error in refused["errors"]] == [field]
    assert await listed(auth) == {"keys": [old], "total": 1}


async def test_another_tenants_key_is_not_there(auth: Auth) -> None:
    old = (await created(auth))["key"]["id"]

    problem(await rotate(auth, old, tenant_id="elsewhere"), 404, "API_KEY_NOT_FOUND")
    problem(await rotate(auth, "aaaaaaaaaaaa"), 404, "API_KEY_NOT_FOUND")
    headers = auth.as_user(Role.ADMIN, tenant_id="elsewhere")
    problem(await auth.http.get(f"{KEYS}/{old}", headers=headers), 404, "API_KEY_NOT_FOUND")


async def test_the_list_is_filtered_by_status(auth: Auth) -> None:
    expires_at = iso_utc(auth.clock.now_ms() + 1000)
    ids = {
        "active": (await created(auth))["key"]["id"],
        "expired": (await created(auth, expires_at=expires_at))["key"]["id"],
        "revoked": (await created(auth, expires_at=expires_at))["key"]["id"],
    }
    await revoke(auth, ids["revoked"])
    auth.clock.advance(seconds=1)
    later = iso_utc(auth.clock.now_ms() + 1000)
    not_yet_over = (await created(auth, expires_at=later))["key"]["id"]

    found = {status: await listed(auth, f"?status={status}") for status in ids}

    assert {key["id"] for key in found["active"]["keys"]} == {ids["active"], not_yet_over}
    assert [key["id"] for key in found["expired"]["keys"]] == [ids["expired"]]
    assert [key["id"] for key in found["revoked"]["keys"]] == [ids["revoked"]]
    assert [found[status]["total"] for status in ids] == [2, 1, 1]
    bad = await auth.http.get(f"{KEYS}?status=lost", headers=auth.as_user(Role.ADMIN))
    problem(bad, 400, "INVALID_INPUT")


def deletion(auth: Auth, robot_id: str) -> Message:
    """What the dispatcher announces now."""
    data = RobotDeleted(robot_id=robot_id, name="", environment="default", status="offline")
    event = wrap(data, event_id="e1", subject=robot_id, tenant_id="default", version=2, at_ms=auth.clock.now_ms())
    return Message(event.id, event.type, encode(event))


async def deliver(auth: Auth, message: Message) -> None:
    """Return once the message is handled."""
    assert await auth.runtime.bus.publish([message]) == [True]


async def test_the_keys_of_a_deleted_robot_are_revoked_and_no_others(auth: Auth) -> None:
    of_robot = [await created(auth, robot_id="r1") for _ in range(2)]
    others = [await created(auth, robot_id="r2"), await created(auth)]
    elsewhere = (await create(auth, tenant_id="elsewhere", robot_id="r1")).json()

    await deliver(auth, deletion(auth, "r1"))

    assert [await opens(auth, key["api_key"]) for key in of_robot] == [False, False]
    assert [await opens(auth, key["api_key"]) for key in [*others, elsewhere]] == [True, True, True]


async def test_a_late_repeat_of_the_deletion_spares_the_key_of_a_robot_that_took_the_name(auth: Auth) -> None:
    old, message = await created(auth, robot_id="r1"), deletion(auth, "r1")
    await deliver(auth, message)
    auth.clock.advance(ms=1)
    new = await created(auth, robot_id="r1")

    await deliver(auth, message)

    assert [await opens(auth, key["api_key"]) for key in (old, new)] == [False, True]
    assert len([event for event in auth.events if event.type == ApiKeyRevoked.TYPE]) <= 1


async def test_a_repeat_after_a_change_of_the_signing_key_shows_no_secret_that_opens_nothing(
    start_auth: StartAuth,
) -> None:
    async with start_auth() as before:
        old = (await created(before))["key"]["id"]
        await rotate(before, old, idempotency_key="turn 1")
    async with start_auth(token_signing_key="A" * 43 + "=") as after:
        problem(await rotate(after, old, idempotency_key="turn 1"), 409, "API_KEY_SECRET_GONE")
