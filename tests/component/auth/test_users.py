"""`/users` (beyond.md, "Users and tenants for admins"; clarifications 5 and 8)."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from services.auth.adapters.mongo_users import MongoUsers
from services.auth.use_cases.forget_deleted_users import KEPT_MS, ForgetDeletedUsers
from shared.events.auth import UserCreated, UserDeleted, UserUpdated
from shared.kernel.clock import to_datetime
from shared.kernel.permissions import Role
from tests.component.auth.people import PASSWORD, add_tenant, add_user, call, done, goes_on, tokens_of
from tests.component.auth.running_auth import Auth, problem
from tests.support.eventually import eventually


async def test_a_user_is_created_listed_read_and_can_log_in(auth: Auth) -> None:
    made = await add_user(auth, display_name="Maria Rossi", email="maria@example.org")

    assert datetime.fromisoformat(made["created_at"]) == to_datetime(auth.clock.now_ms())
    assert {**made, "created_at": ""} == {
        "user_id": "maria",
        "role": "operator",
        "tenant_id": "default",
        "disabled": False,
        "display_name": "Maria Rossi",
        "email": "maria@example.org",
        "created_at": "",
    }
    assert await done(auth, "GET", "/users/maria") == made
    listed = await done(auth, "GET", "/users")
    assert ([user["user_id"] for user in listed["users"]], listed["total"]) == (["admin", "maria"], 2)
    assert listed["users"][1] == made
    await tokens_of(auth)


async def test_a_creation_is_announced_and_no_answer_event_or_document_shows_the_password(auth: Auth) -> None:
    made = await add_user(auth)

    event = await auth.event(UserCreated)

    assert event.data_as(UserCreated) == UserCreated(user_id="maria", role="operator")
    assert (event.subject, event.aggregateversion, event.tenantid) == ("maria", 1, "default")
    stored = await auth.document("users", "maria")
    assert stored["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in f"{made} {event} {stored}"
    assert stored["password_hash"] not in f"{made} {event}"


async def test_the_list_is_paged_by_name(auth: Auth) -> None:
    for name in ("c", "a", "b"):
        await add_user(auth, name)

    page = await done(auth, "GET", "/users?limit=2&offset=1")

    assert ([user["user_id"] for user in page["users"]], page["total"]) == (["admin", "b"], 4)
    for query in ("limit=0", "limit=501", "offset=-1"):
        problem(await call(auth, "GET", f"/users?{query}"), 400, "INVALID_INPUT")


@pytest.mark.parametrize("name", ["a", "A.b_c@d+e-f", "0", "x" * 128])
async def test_names_like_these_are_accepted(auth: Auth, name: str) -> None:
    await add_user(auth, name)

    assert (await done(auth, "GET", f"/users/{name}"))["user_id"] == name
    await done(auth, "DELETE", f"/users/{name}")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "x" * 129}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "../x"}, "username"),
        ({"username": ".."}, "username"),
        ({"username": "a\n"}, "username"),
        ({"username": "mária"}, "username"),
        ({"password": "1234567"}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"password": "12345678\0"}, "password"),
        ({"role": "root"}, "role"),
        ({"role": None}, "role"),
        ({"display_name": ""}, "display_name"),
        ({"display_name": "x" * 129}, "display_name"),
        ({"email": "nobody"}, "email"),
        ({"email": f"a@{'b' * 253}"}, "email"),
        ({"tenant_id": "north"}, "tenant_id"),
        ({"password_hash": "$"}, "password_hash"),
    ],
)
async def test_a_bad_user_is_400_and_stores_nothing(auth: Auth, body: dict[str, Any], field: str) -> None:
    wanted = {"username": "maria", "password": PASSWORD, "role": "viewer", **body}

    refused = problem(await call(auth, "POST", "/users", wanted), 400, "INVALID_INPUT")

    assert [error["field"] for error in refused["errors"]] == [field]
    assert (await done(auth, "GET", "/users"))["total"] == 1


async def test_a_name_is_taken_in_every_tenant_and_the_other_tenants_user_is_not_there(auth: Auth) -> None:
    await add_user(auth)
    body = {"username": "maria", "password": "another password", "role": "viewer"}

    for tenant_id in ("default", "north"):
        problem(await call(auth, "POST", "/users", body, tenant_id=tenant_id), 409, "USER_EXISTS")
    assert await done(auth, "GET", "/users", tenant_id="north") == {"users": [], "total": 0}
    for method, change in (("GET", None), ("PUT", {"role": "admin"}), ("DELETE", None)):
        problem(await call(auth, method, "/users/maria", change, tenant_id="north"), 404, "USER_NOT_FOUND")
        problem(await call(auth, method, "/users/nobody", change), 404, "USER_NOT_FOUND")
    await tokens_of(auth)


async def test_a_repeat_with_the_same_idempotency_key_gets_the_first_answer(auth: Auth) -> None:
    body = {"username": "maria", "password": PASSWORD, "role": "viewer"}
    key = {"idempotency-key": "new 7"}

    first = await call(auth, "POST", "/users", body, **key)
    unanswered = {"$set": {"answer": None, "started_ms": 0}}
    replayed = await call(auth, "POST", "/users", body, **key)
    await auth.runtime.store.collection("idempotency_keys").update_many({}, unanswered)
    cut_short = await call(auth, "POST", "/users", body, **key)

    assert first.status_code == 200
    assert first.json() == replayed.json() == cut_short.json()
    problem(await call(auth, "POST", "/users", body), 409, "USER_EXISTS")


async def test_of_creations_of_one_name_at_once_one_succeeds(auth: Auth) -> None:
    body = {"username": "maria", "password": PASSWORD, "role": "viewer"}

    responses = await asyncio.gather(*(call(auth, "POST", "/users", body) for _ in range(5)))

    assert Counter(response.status_code for response in responses) == {200: 1, 409: 4}


@pytest.mark.parametrize(
    ("change", "announced"),
    [
        ({"role": "developer"}, UserUpdated(user_id="maria", role="developer")),
        ({"role": "viewer"}, UserUpdated(user_id="maria", role="viewer")),
        ({"disabled": True}, UserUpdated(user_id="maria", disabled=True)),
        ({"password": "another password"}, UserUpdated(user_id="maria", password_changed=True)),
    ],
)
async def test_another_role_password_or_state_is_announced_and_ends_the_users_sessions(
    auth: Auth, change: dict[str, Any], announced: UserUpdated
) -> None:
    await add_user(auth)
    await add_user(auth, "paul")
    ended, other = [await tokens_of(auth) for _ in range(3)], await tokens_of(auth, "paul")

    await done(auth, "PUT", "/users/maria", change)

    assert [await goes_on(auth, tokens) for tokens in [*ended, other]] == [False, False, False, True]
    problem(await auth.refresh(ended[0]["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")
    assert (await auth.refresh(other["refresh_token"])).status_code == 200
    event = await auth.event(UserUpdated)
    assert event.data_as(UserUpdated) == announced
    assert (event.subject, event.aggregateversion, event.tenantid) == ("maria", 2, "default")


async def test_a_profile_changes_without_ending_sessions_and_what_is_absent_stays(auth: Auth) -> None:
    made = await add_user(auth, email="maria@example.org")
    tokens = await tokens_of(auth)

    changed = await done(auth, "PUT", "/users/maria", {"display_name": "Maria", "role": None})

    assert changed == {**made, "display_name": "Maria"}
    assert await goes_on(auth, tokens)
    assert (await auth.event(UserUpdated)).data_as(UserUpdated).profile_changed


async def test_what_changes_nothing_is_neither_stored_nor_announced(auth: Auth) -> None:
    made = await add_user(auth)
    tokens = await tokens_of(auth)

    for body in ({}, {"role": "operator"}, {"disabled": False}):
        assert await done(auth, "PUT", "/users/maria", body) == made

    assert (await auth.document("users", "maria"))["version"] == 1
    assert await goes_on(auth, tokens)


async def test_a_disabled_user_cannot_enter_until_enabled_again(auth: Auth) -> None:
    await add_user(auth)

    assert (await done(auth, "PUT", "/users/maria", {"disabled": True}))["disabled"]
    refused = problem(await auth.log_in(PASSWORD, "maria", address="192.0.2.1"), 401, "INVALID_CREDENTIALS")
    unknown = problem(await auth.log_in(PASSWORD, "nobody", address="192.0.2.2"), 401, "INVALID_CREDENTIALS")
    assert {**refused, "request_id": ""} == {**unknown, "request_id": ""}
    assert not (await done(auth, "PUT", "/users/maria", {"disabled": False}))["disabled"]

    await tokens_of(auth)


async def test_a_new_password_replaces_the_old_one(auth: Auth) -> None:
    await add_user(auth)

    await done(auth, "PUT", "/users/maria", {"password": "another password"})

    problem(await auth.log_in(PASSWORD, "maria", address="192.0.2.1"), 401, "INVALID_CREDENTIALS")
    assert (await auth.log_in("another password", "maria", address="192.0.2.2")).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "root"}, "role"),
        ({"disabled": "perhaps"}, "disabled"),
        ({"password": "short"}, "password"),
        ({"email": "@"}, "email"),
        ({"username": "other"}, "username"),
    ],
)
async def test_a_bad_change_is_400(auth: Auth, body: dict[str, Any], field: str) -> None:
    await add_user(auth)

    refused = problem(await call(auth, "PUT", "/users/maria", body), 400, "INVALID_INPUT")

    assert [error["field"] for error in refused["errors"]] == [field]


async def test_who_belongs_to_two_tenants_is_changed_in_one_without_effect_on_the_other(auth: Auth) -> None:
    await add_user(auth)
    await add_tenant(auth)
    await done(auth, "PUT", "/tenants/north/members/maria", {"role": "viewer"})
    here, there = await tokens_of(auth, tenant_id="default"), await tokens_of(auth, tenant_id="north")

    for body in ({"password": "another password"}, {"display_name": "M"}, {"email": "m@example.org"}):
        problem(await call(auth, "PUT", "/users/maria", body), 403, "SHARED_ACCOUNT")
    await done(auth, "PUT", "/users/maria", {"disabled": True})

    assert [await goes_on(auth, here), await goes_on(auth, there)] == [False, True]
    assert (await auth.refresh(there["refresh_token"])).status_code == 200
    assert (await done(auth, "GET", "/users/maria", tenant_id="north"))["disabled"] is False
    problem(await auth.log_in(PASSWORD, "maria", tenant_id="default"), 401, "INVALID_CREDENTIALS")
    chosen_for_her = await tokens_of(auth)
    assert (await auth.document("sessions", chosen_for_her["session_id"]))["tenant_id"] == "north"

    removed = await done(auth, "DELETE", "/users/maria")
    assert removed == {"user_id": "maria", "tenant_id": "default", "account_deleted": False}
    assert (await auth.event(UserDeleted)).data_as(UserDeleted).account_deleted is False
    assert await goes_on(auth, chosen_for_her)


async def test_a_removed_user_is_gone_with_sessions_password_and_profile(auth: Auth) -> None:
    await add_user(auth, display_name="Maria Rossi", email="maria@example.org")
    tokens = await tokens_of(auth)

    removed = await done(auth, "DELETE", "/users/maria")

    assert removed == {"user_id": "maria", "tenant_id": "default", "account_deleted": True}
    problem(await call(auth, "GET", "/users/maria"), 404, "USER_NOT_FOUND")
    problem(await call(auth, "DELETE", "/users/maria"), 404, "USER_NOT_FOUND")
    assert (await done(auth, "GET", "/users"))["total"] == 1
    assert not await goes_on(auth, tokens)
    for guess in (PASSWORD, "nobody"):
        problem(await auth.log_in(guess, "maria", address="192.0.2.1"), 401, "INVALID_CREDENTIALS")
    stored = await auth.document("users", "maria")
    assert not {"display_name", "email"} & stored.keys()
    assert stored["password_hash"] == ""
    event = await auth.event(UserDeleted)
    assert (event.subject, event.tenantid) == ("maria", "default")


async def test_the_name_of_a_removed_user_is_free_and_no_session_of_the_former_bearer_revives(auth: Auth) -> None:
    await add_user(auth)
    tokens = await tokens_of(auth)
    await done(auth, "DELETE", "/users/maria")
    # As if the process had died before it ended the session.
    not_ended = {"$unset": {"revoked_ms": "", "revoked_reason": "", "revoked_until_ms": ""}}
    await auth.runtime.store.collection("sessions").update_one({"_id": tokens["session_id"]}, not_ended)

    again = await add_user(auth, role=Role.VIEWER)

    assert again["role"] == "viewer"
    problem(await auth.refresh(tokens["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")
    new = await tokens_of(auth)
    assert (await auth.refresh(new["refresh_token"])).status_code == 200


async def test_what_is_left_of_a_removed_user_is_forgotten_once_no_session_can_live(auth: Auth) -> None:
    await add_user(auth)
    await done(auth, "DELETE", "/users/maria")
    forget = ForgetDeletedUsers(users=MongoUsers(auth.runtime.store, auth.runtime.relay), clock=auth.clock)
    assert await forget() == 0

    auth.clock.advance(ms=KEPT_MS + 1)

    async def forgot_one() -> bool:
        return await forget() == 1

    await eventually(forgot_one, because="the document is kept until its events are published")
    assert await auth.runtime.store.count("users", {}) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/users"), ("GET", "/users"), ("GET", "/users/x"), ("PUT", "/users/x"), ("DELETE", "/users/x")],
)
async def test_only_administrators_may(auth: Auth, method: str, path: str) -> None:
    problem(await auth.http.request(method, f"/api/v1{path}", json={}), 401, "UNAUTHENTICATED")
    for headers in (auth.as_user(Role.DEVELOPER), auth.as_robot):
        problem(await auth.http.request(method, f"/api/v1{path}", json={}, headers=headers), 403, "FORBIDDEN")
