"""`/robot-api-keys` (clarifications 7, beyond.md) and what gateways ask about keys."""

import hashlib
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from shared.events.auth import ApiKeyCreated, ApiKeyRevoked
from shared.kernel.clock import iso_utc, to_datetime
from shared.kernel.permissions import Role
from shared.web.credentials import INVALID_API_KEY, VERIFY_API_KEY_PATH, VerifiedApiKey, parse_api_key
from tests.component.auth.robot_keys import KEYS, create, created, listed, revoke, verify
from tests.component.auth.running_auth import Auth, StartAuth, problem
from tests.support.eventually import eventually

KEY_PATTERN = re.compile(r"^crpa_([a-z2-7]{12})_([0-9a-f]{64})$")


async def test_a_key_is_created_with_every_field_of_the_contract(auth: Auth) -> None:
    expires_at = iso_utc(auth.clock.now_ms() + 3_600_000)
    answer = await created(
        auth,
        name="Line 1",
        robot_id="robot-001",
        description="The robot on line 1",
        environment="plant",
        expires_at=expires_at,
    )

    found = KEY_PATTERN.match(answer["api_key"])
    assert found is not None
    key = answer["key"]
    assert datetime.fromisoformat(key.pop("created_at")) == to_datetime(auth.clock.now_ms())
    assert datetime.fromisoformat(key.pop("expires_at")) == datetime.fromisoformat(expires_at)
    assert key == {
        "id": found[1],
        "robot_id": "robot-001",
        "key_name": "Line 1",
        "status": "active",
        "last_used_at": None,
        "environment": "plant",
        "description": "The robot on line 1",
        "rotated_to": None,
    }


async def test_a_name_is_enough_for_an_enrolment_key_and_absent_fields_are_null(auth: Auth) -> None:
    key = (await created(auth))["key"]

    for name in ("robot_id", "expires_at", "last_used_at", "environment", "description"):
        assert key[name] is None


async def test_the_secret_is_shown_once_and_only_its_hash_is_stored(auth: Auth) -> None:
    response = await create(auth)
    answer = response.json()
    secret = answer["api_key"].rpartition("_")[2]

    stored = await auth.document("api_keys", answer["key"]["id"])
    event = await auth.event(ApiKeyCreated)

    assert stored["secret_hash"] == hashlib.sha256(secret.encode()).hexdigest()
    assert response.headers["cache-control"] == "no-store"
    for text in (str(stored), str(await listed(auth)), str(event)):
        assert secret not in text
    assert stored["secret_hash"] not in str(await listed(auth)) + str(event)


async def repeatable(auth: Auth, idempotency_key: str, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await auth.http.post(
        KEYS, json={"name": "a key", **body}, headers={**headers, "idempotency-key": idempotency_key}
    )


async def test_the_same_idempotency_key_shows_the_same_key_again_though_no_secret_is_kept(auth: Auth) -> None:
    admin = auth.as_user(Role.ADMIN)

    first = await repeatable(auth, "order 7", admin)
    second = await repeatable(auth, "order 7", admin)

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert (await listed(auth))["total"] == 1
    assert (await verify(auth, second.json()["api_key"])).status_code == 200
    secret = first.json()["api_key"].rpartition("_")[2]
    for collection in ("api_keys", "idempotency_keys"):
        assert secret not in str(await auth.runtime.store.collection(collection).find().to_list())


async def test_an_idempotency_key_makes_another_secret_for_another_body_caller_or_creation(auth: Auth) -> None:
    admin, elsewhere = auth.as_user(Role.ADMIN), auth.as_user(Role.ADMIN, tenant_id="elsewhere")
    mine = await repeatable(auth, "order 7", admin)

    problem(await repeatable(auth, "order 7", admin, name="another"), 409, "IDEMPOTENCY_KEY_REUSED")
    theirs = await repeatable(auth, "order 7", elsewhere)

    assert theirs.json()["api_key"][-64:] != mine.json()["api_key"][-64:]
    assert (await listed(auth))["total"] == 1


async def test_a_repeat_after_a_change_of_the_signing_key_shows_no_secret_that_opens_nothing(
    start_auth: StartAuth,
) -> None:
    async with start_auth() as before:
        await repeatable(before, "order 7", before.as_user(Role.ADMIN))
    async with start_auth(token_signing_key=b64encode(bytes(32)).decode()) as after:
        problem(await repeatable(after, "order 7", after.as_user(Role.ADMIN)), 409, "API_KEY_SECRET_GONE")


async def test_a_refused_creation_frees_its_idempotency_key(auth: Auth) -> None:
    admin = auth.as_user(Role.ADMIN)
    late = await repeatable(auth, "order 7", admin, expires_at="2020-01-01T00:00:00Z")
    problem(late, 400, "INVALID_INPUT")

    assert (await repeatable(auth, "order 7", admin)).status_code == 200


async def test_no_two_keys_are_alike(auth: Auth) -> None:
    keys = [(await created(auth))["api_key"] for _ in range(5)]

    assert len({key[: len("crpa_") + 12] for key in keys}) == len({key[-64:] for key in keys}) == 5


async def test_creation_and_revocation_are_announced_once_each(auth: Auth) -> None:
    key = (await created(auth, name="Line 1", robot_id="r1"))["key"]
    for _ in range(2):
        await revoke(auth, key["id"])

    made, ended = await auth.event(ApiKeyCreated), await auth.event(ApiKeyRevoked)

    assert made.data_as(ApiKeyCreated) == ApiKeyCreated(key_id=key["id"], key_name="Line 1", robot_id="r1")
    assert ended.data_as(ApiKeyRevoked) == ApiKeyRevoked(key_id=key["id"], robot_id="r1")
    assert [(event.subject, event.aggregateversion) for event in (made, ended)] == [(key["id"], 1), (key["id"], 2)]
    assert {made.tenantid, ended.tenantid} == {"default"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 129}, "name"),
        ({"name": None}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"robot_id": ""}, "robot_id"),
        ({"robot_id": "r" * 65}, "robot_id"),
        ({"robot_id": "\0"}, "robot_id"),
        ({"description": "d" * 513}, "description"),
        ({"description": "\0"}, "description"),
        ({"environment": ""}, "environment"),
        ({"environment": "e" * 65}, "environment"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"tenant_id": "elsewhere"}, "tenant_id"),
        ({"secret_hash": "0" * 64}, "secret_hash"),
    ],
)
async def test_bad_input_is_400_and_stores_nothing(auth: Auth, body: dict[str, Any], field: str) -> None:
    wanted = {"name": "a key", **body}
    response = await auth.http.post(KEYS, json=wanted, headers=auth.as_user(Role.ADMIN))

    assert [error["field"] for error in problem(response, 400, "INVALID_INPUT")["errors"]] == [field]
    assert (await listed(auth))["total"] == 0


async def test_lengths_at_their_bounds_are_accepted(auth: Auth) -> None:
    await created(auth, name="n" * 128, robot_id="r" * 64, description="d" * 512, environment="e" * 64)


async def test_the_list_is_paged_newest_first_and_filtered_by_robot(auth: Auth) -> None:
    ids = []
    for number in range(5):
        ids.append((await created(auth, robot_id=f"r{number % 2}"))["key"]["id"])
        auth.clock.advance(ms=1)
    ids.reverse()

    everything, page, of_r1 = (
        await listed(auth),
        await listed(auth, "?limit=2&offset=1"),
        await listed(auth, "?robot_id=r1"),
    )

    assert set(everything) == {"keys", "total"}
    assert [key["id"] for key in everything["keys"]] == ids
    assert ([key["id"] for key in page["keys"]], page["total"]) == (ids[1:3], 5)
    assert ([key["id"] for key in of_r1["keys"]], of_r1["total"]) == ([ids[1], ids[3]], 2)


async def test_keys_made_in_the_same_millisecond_are_each_on_one_page(auth: Auth) -> None:
    made = {(await created(auth))["key"]["id"] for _ in range(6)}

    pages = [await listed(auth, f"?limit=2&offset={offset}") for offset in (0, 2, 4)]

    shown = [key["id"] for page in pages for key in page["keys"]]
    assert sorted(shown) == sorted(made)


@pytest.mark.parametrize("query", ["?limit=0", "?limit=501", "?limit=x", "?offset=-1", "?robot_id=", "?robot_id=%00"])
async def test_bad_queries_are_400(auth: Auth, query: str) -> None:
    response = await auth.http.get(KEYS + query, headers=auth.as_user(Role.ADMIN))

    problem(response, 400, "INVALID_INPUT")


async def test_a_revoked_key_says_so_at_once_and_again(auth: Auth) -> None:
    answer = await created(auth)

    first = await revoke(auth, answer["key"]["id"])
    second = await revoke(auth, answer["key"]["id"])

    assert (first.status_code, first.json()) == (200, {"key": {**answer["key"], "status": "revoked"}})
    assert second.json() == first.json()
    assert (await listed(auth))["keys"][0]["status"] == "revoked"
    problem(await verify(auth, answer["api_key"]), 401, "INVALID_API_KEY")


async def test_an_expired_key_says_so_and_opens_nothing(auth: Auth) -> None:
    expires_at = to_datetime(auth.clock.now_ms()) + timedelta(minutes=1)
    answer = await created(auth, expires_at=expires_at.isoformat())
    assert (await verify(auth, answer["api_key"])).status_code == 200

    auth.clock.advance(seconds=60)

    assert (await listed(auth))["keys"][0]["status"] == "expired"
    problem(await verify(auth, answer["api_key"]), 401, "INVALID_API_KEY")


async def test_an_expiry_in_another_time_zone_is_the_same_moment(auth: Auth) -> None:
    answer = await created(auth, expires_at="2026-01-01T14:30:00+02:00")

    assert datetime.fromisoformat(answer["key"]["expires_at"]) == datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


async def test_another_tenants_keys_are_not_there(auth: Auth) -> None:
    answer = await created(auth)

    assert await listed(auth, tenant_id="elsewhere") == {"keys": [], "total": 0}
    foreign = problem(await revoke(auth, answer["key"]["id"], "elsewhere"), 404, "API_KEY_NOT_FOUND")
    unknown = problem(await revoke(auth, "aaaaaaaaaaaa"), 404, "API_KEY_NOT_FOUND")
    assert foreign["detail"].replace(answer["key"]["id"], "") == unknown["detail"].replace("aaaaaaaaaaaa", "")
    assert (await verify(auth, answer["api_key"])).status_code == 200


@pytest.mark.parametrize("key_id", ["%00", "%24ne", "a.b", "x" * 300, "%F0%9F%94%91"])
async def test_an_id_that_cannot_be_one_is_404(auth: Auth, key_id: str) -> None:
    problem(await revoke(auth, key_id), 404, "API_KEY_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", KEYS), ("GET", KEYS), ("GET", f"{KEYS}/x"), ("POST", f"{KEYS}/x/revoke"), ("POST", f"{KEYS}/x/rotate")],
)
async def test_only_administrators_may(auth: Auth, method: str, path: str) -> None:
    problem(await auth.http.request(method, path, json={"name": "k"}), 401, "UNAUTHENTICATED")
    for headers in (auth.as_user(Role.DEVELOPER), auth.as_robot):
        problem(await auth.http.request(method, path, json={"name": "k"}, headers=headers), 403, "FORBIDDEN")
    assert (await listed(auth))["total"] == 0


async def test_key_question_and_answer_are_as_gateways_know_them(auth: Auth) -> None:
    answer = await created(auth, robot_id="r1")
    proof = parse_api_key(answer["api_key"])

    question = msgspec.to_builtins(proof)
    response = await auth.http.post(VERIFY_API_KEY_PATH, json=question, headers=auth.as_gateway)

    verified = msgspec.json.decode(response.content, type=VerifiedApiKey)
    assert verified == VerifiedApiKey(answer["key"]["id"], "default", "r1")
    refused = problem(await verify(auth, "crpa_x_" + "0" * 64), 401, INVALID_API_KEY)
    assert refused["code"] == INVALID_API_KEY


async def test_verifying_tells_the_gateway_whose_key_it_is(auth: Auth) -> None:
    expires_ms = auth.clock.now_ms() + 60_000
    answer = await created(auth, tenant_id="north", robot_id="r1", environment="plant", expires_at=iso_utc(expires_ms))

    response = await verify(auth, answer["api_key"])

    assert response.json() == {
        "key_id": answer["key"]["id"],
        "tenant_id": "north",
        "robot_id": "r1",
        "environment": "plant",
        "expires_ms": expires_ms,
    }


async def test_a_wrong_secret_and_an_unknown_key_read_the_same(auth: Auth) -> None:
    key = (await created(auth))["api_key"]

    wrong = problem(await verify(auth, key[:-1] + ("0" if key[-1] != "0" else "1")), 401, "INVALID_API_KEY")
    unknown = problem(await verify(auth, "crpa_aaaaaaaaaaaa_" + "0" * 64), 401, "INVALID_API_KEY")

    assert wrong["detail"] == unknown["detail"]


@pytest.mark.parametrize(
    "body",
    [{}, {"key_id": "x"}, {"key_id": "x", "secret_hash": "ä" * 64}, {"key_id": "x" * 65, "secret_hash": "0" * 64}],
)
async def test_a_malformed_question_about_a_key_is_400(auth: Auth, body: dict[str, str]) -> None:
    response = await auth.http.post("/internal/api-keys/verify", json=body, headers=auth.as_gateway)

    problem(response, 400, "INVALID_INPUT")


async def test_the_time_of_last_use_appears_and_is_written_once_a_minute(start_auth: StartAuth) -> None:
    async with start_auth(api_key_use_flush_seconds=0.02) as auth:
        api_key = (await created(auth))["api_key"]

        async def last_used() -> str | None:
            value: str | None = (await listed(auth))["keys"][0]["last_used_at"]
            return value

        await verify(auth, api_key)
        first = await eventually(last_used)
        assert datetime.fromisoformat(first) == to_datetime(auth.clock.now_ms())

        auth.clock.advance(seconds=59)
        await verify(auth, api_key)
        auth.clock.advance(seconds=1)
        await verify(auth, api_key)

        async def moved_on() -> bool:
            return await last_used() != first

        await eventually(moved_on)
        assert datetime.fromisoformat(str(await last_used())) == to_datetime(auth.clock.now_ms())


async def test_uses_noted_but_not_yet_written_are_written_at_the_end(start_auth: StartAuth) -> None:
    async with start_auth(api_key_use_flush_seconds=3600) as auth:
        answer = await created(auth)
        await verify(auth, answer["api_key"])
        used_ms = auth.clock.now_ms()
    async with start_auth() as again:
        assert (await again.document("api_keys", answer["key"]["id"]))["last_used_ms"] == used_ms
