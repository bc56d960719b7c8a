"""`POST /auth/password`, and what ends sessions when the process that should have ended them died."""

from typing import Any

import httpx
import pytest

from shared.events import EventData, wrap
from shared.events.auth import TenantUpdated, UserDeleted, UserUpdated
from shared.events.envelope import encode
from shared.kernel.permissions import Role
from shared.messaging import Message
from tests.component.auth.people import PASSWORD, add_tenant, add_user, done, goes_on, tokens_of
from tests.component.auth.running_auth import Auth, problem

NEW = "a better password"


async def change(
    auth: Auth, tokens: dict[str, str], current: str = PASSWORD, new: str = NEW, *, tenant_id: str = "default"
) -> httpx.Response:
    caller = auth.as_user(Role.VIEWER, tenant_id=tenant_id, subject="maria", session_id=tokens["session_id"])
    body = {"current_password": current, "new_password": new}
    return await auth.http.post("/api/v1/auth/password", json=body, headers={**caller, "x-casare-client": "192.0.2.1"})


async def log_in(auth: Auth, password: str) -> int:
    return (await auth.log_in(password, "maria", address="198.51.100.1")).status_code


async def test_the_new_password_replaces_the_old_one_and_only_this_session_goes_on(auth: Auth) -> None:
    await add_user(auth)
    await add_tenant(auth)
    await done(auth, "PUT", "/tenants/north/members/maria", {"role": "viewer"})
    mine, other = await tokens_of(auth), await tokens_of(auth)
    in_another_tenant = await tokens_of(auth, tenant_id="north")

    response = await change(auth, mine)

    assert (response.status_code, response.json()) == (200, {"message": "Password changed"})
    assert [await goes_on(auth, tokens) for tokens in (mine, other, in_another_tenant)] == [True, False, False]
    assert (await auth.refresh(mine["refresh_token"])).status_code == 200
    problem(await auth.refresh(other["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")
    assert (await log_in(auth, PASSWORD), await log_in(auth, NEW)) == (401, 200)


async def test_a_change_is_announced_without_any_password(auth: Auth) -> None:
    await add_user(auth)
    mine = await tokens_of(auth)

    await change(auth, mine)

    event = await auth.event(UserUpdated)
    assert event.data_as(UserUpdated) == UserUpdated(
        user_id="maria", password_changed=True, kept_session_id=mine["session_id"]
    )
    assert (event.subject, event.tenantid, event.aggregateversion) == ("maria", "default", 2)
    assert PASSWORD not in str(event)
    assert NEW not in str(event)


async def test_the_kept_session_survives_the_events_delivery_and_its_repeat(auth: Auth) -> None:
    await add_user(auth)
    mine = await tokens_of(auth)
    await change(auth, mine)
    event = await auth.event(UserUpdated)
    young = (await auth.log_in(NEW, "maria")).json()

    assert await auth.runtime.bus.publish([Message(event.id, event.type, encode(event))]) == [True]

    assert await goes_on(auth, mine)
    assert (await auth.refresh(young["refresh_token"])).status_code == 200
    assert (await auth.refresh(mine["refresh_token"])).status_code == 200


async def test_a_wrong_password_is_403_and_five_lock_the_account_also_for_logins(auth: Auth) -> None:
    await add_user(auth)
    mine = await tokens_of(auth)

    for _ in range(5):
        problem(await change(auth, mine, "a wrong one"), 403, "WRONG_PASSWORD")

    locked = await change(auth, mine)
    problem(locked, 429, "LOGIN_LOCKED")
    assert int(locked.headers["retry-after"]) > 800
    assert await log_in(auth, PASSWORD) == 429
    assert await goes_on(auth, mine)


async def test_whose_account_is_gone_cannot_change_its_password(auth: Auth) -> None:
    await add_user(auth)
    mine = await tokens_of(auth)
    await done(auth, "DELETE", "/users/maria")

    problem(await change(auth, mine), 403, "WRONG_PASSWORD")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"current_password": ""}, "current_password"),
        ({"current_password": "x" * 1025}, "current_password"),
        ({"new_password": "1234567"}, "new_password"),
        ({"new_password": "x" * 1025}, "new_password"),
        ({"new_password": None}, "new_password"),
        ({"user_id": "admin"}, "user_id"),
    ],
)
async def test_bad_input_is_400_and_counts_for_nothing(auth: Auth, body: dict[str, Any], field: str) -> None:
    await add_user(auth)
    wanted = {"current_password": "wrong", "new_password": NEW, **body}
    headers = auth.as_user(Role.VIEWER, subject="maria")

    for _ in range(6):
        refused = await auth.http.post("/api/v1/auth/password", json=wanted, headers=headers)

    assert [error["field"] for error in problem(refused, 400, "INVALID_INPUT")["errors"]] == [field]
    assert await log_in(auth, PASSWORD) == 200


async def test_only_users_have_a_password(auth: Auth) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW}
    problem(await auth.http.post("/api/v1/auth/password", json=body), 401, "UNAUTHENTICATED")
    problem(await auth.http.post("/api/v1/auth/password", json=body, headers=auth.as_robot), 403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("announced", "ended"),
    [
        (UserUpdated(user_id="maria", role="viewer"), [True, False]),
        (UserUpdated(user_id="maria", disabled=True), [True, False]),
        (UserUpdated(user_id="maria", password_changed=True), [True, True]),
        (UserUpdated(user_id="maria", disabled=False), [False, False]),
        (UserUpdated(user_id="maria", profile_changed=True), [False, False]),
        (UserDeleted(user_id="maria"), [True, False]),
        (TenantUpdated(disabled=True), [True, False]),
        (TenantUpdated(disabled=False), [False, False]),
    ],
)
async def test_the_event_alone_ends_the_sessions_that_a_dead_process_left(
    auth: Auth, announced: EventData, ended: list[bool]
) -> None:
    await add_user(auth)
    await add_tenant(auth)
    await done(auth, "PUT", "/tenants/north/members/maria", {"role": "viewer"})
    sessions = [await tokens_of(auth, tenant_id=tenant_id) for tenant_id in ("default", "north")]
    event = wrap(announced, event_id="e1", subject="maria", tenant_id="default", version=9, at_ms=auth.clock.now_ms())

    assert await auth.runtime.bus.publish([Message(event.id, event.type, encode(event))]) == [True]

    assert [not await goes_on(auth, tokens) for tokens in sessions] == ended


async def test_a_session_that_began_with_what_a_user_was_before_is_not_refreshed_though_nobody_ended_it(
    auth: Auth,
) -> None:
    await add_user(auth)
    tokens = await tokens_of(auth)
    await done(auth, "PUT", "/users/maria", {"role": "viewer"})
    not_ended = {"$unset": {"revoked_ms": "", "revoked_reason": "", "revoked_until_ms": ""}}
    await auth.runtime.store.collection("sessions").update_one({"_id": tokens["session_id"]}, not_ended)

    problem(await auth.refresh(tokens["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")
