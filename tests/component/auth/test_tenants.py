"""`/tenants` and memberships (beyond.md, "Users and tenants for admins")."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from shared.events.auth import TenantCreated, TenantUpdated, UserUpdated
from shared.kernel.clock import to_datetime
from shared.kernel.permissions import Role
from tests.component.auth.people import PASSWORD, add_tenant, add_user, call, done, goes_on, tokens_of
from tests.component.auth.robot_keys import created, verify
from tests.component.auth.running_auth import ADMIN_PASSWORD, Auth, problem
from tests.support.eventually import eventually


async def test_the_default_tenant_is_always_there(auth: Auth) -> None:
    listed = await done(auth, "GET", "/tenants")

    assert [(it["tenant_id"], it["name"], it["disabled"]) for it in listed["tenants"]] == [
        ("default", "Default", False)
    ]
    assert listed["total"] == 1


async def test_a_tenant_is_created_announced_and_administered_by_its_creator(auth: Auth) -> None:
    made = await add_tenant(auth, "north")

    assert datetime.fromisoformat(made["created_at"]) == to_datetime(auth.clock.now_ms())
    assert {**made, "created_at": ""} == {
        "tenant_id": "north",
        "name": "Plant north",
        "disabled": False,
        "created_at": "",
    }
    assert await done(auth, "GET", "/tenants/north") == made
    event = await auth.event(TenantCreated)
    assert event.data_as(TenantCreated) == TenantCreated(name="Plant north")
    assert (event.subject, event.tenantid, event.aggregateversion) == ("north", "north", 1)
    assert (await auth.event(UserUpdated)).tenantid == "north"
    assert (await auth.log_in(ADMIN_PASSWORD, tenant_id="north")).status_code == 200
    users = await done(auth, "GET", "/users", tenant_id="north")
    assert [(user["user_id"], user["role"]) for user in users["users"]] == [("admin", "admin")]


async def test_creating_a_tenant_ends_no_session_of_its_creator(auth: Auth) -> None:
    tokens = (await auth.log_in()).json()

    await add_tenant(auth)

    assert (await auth.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_repeat_finishes_a_creation_that_died_before_its_creator_was_let_in(auth: Auth) -> None:
    body, key = {"tenant_id": "north", "name": "North"}, {"idempotency-key": "north 1"}
    first = await call(auth, "POST", "/tenants", body, **key)
    store = auth.runtime.store
    await store.collection("idempotency_keys").update_many({}, {"$set": {"answer": None, "started_ms": 0}})
    await store.collection("users").update_one({"_id": "admin"}, {"$set": {"tenants": {"default": "admin"}}})

    again = await call(auth, "POST", "/tenants", body, **key)

    assert again.json() == first.json()
    assert (await done(auth, "GET", "/users", tenant_id="north"))["total"] == 1
    problem(await call(auth, "POST", "/tenants", body), 409, "TENANT_EXISTS")


@pytest.mark.parametrize("tenant_id", ["", "North", "a.b", "$ne", "-a", "a b", "a" * 64, "ä", "a\n", None])
async def test_ids_like_these_are_400(auth: Auth, tenant_id: str | None) -> None:
    refused = problem(await call(auth, "POST", "/tenants", {"tenant_id": tenant_id, "name": "N"}), 400, "INVALID_INPUT")

    assert [error["field"] for error in refused["errors"]] == ["tenant_id"]


@pytest.mark.parametrize("tenant_id", ["0", "a" * 63, "a-b-0"])
async def test_ids_like_these_are_accepted(auth: Auth, tenant_id: str) -> None:
    await add_tenant(auth, tenant_id)

    assert (await done(auth, "GET", "/users", tenant_id=tenant_id))["total"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/tenants", {"tenant_id": "north", "name": ""}, "name"),
        ("POST", "/tenants", {"tenant_id": "north", "name": "n" * 129}, "name"),
        ("POST", "/tenants", {"tenant_id": "north", "name": "n", "disabled": True}, "disabled"),
        ("PUT", "/tenants/default", {"name": ""}, "name"),
        ("PUT", "/tenants/default", {"disabled": "perhaps"}, "disabled"),
        ("PUT", "/tenants/default", {"tenant_id": "other"}, "tenant_id"),
        ("PUT", "/tenants/default/members/admin", {"role": "root"}, "role"),
        ("PUT", "/tenants/default/members/admin", {}, "role"),
    ],
)
async def test_bad_input_is_400(auth: Auth, method: str, path: str, body: Any, field: str) -> None:
    refused = problem(await call(auth, method, path, body), 400, "INVALID_INPUT")

    assert [error["field"] for error in refused["errors"]] == [field]


async def test_administrators_of_other_tenants_see_their_own_ones_and_change_none(auth: Auth) -> None:
    for tenant_id in ("north", "south", "west"):
        await add_tenant(auth, tenant_id)
    await add_user(auth, "u1", Role.ADMIN, tenant_id="north")
    await done(auth, "PUT", "/tenants/west/members/u1", {"role": "viewer"})

    listed = await done(auth, "GET", "/tenants", tenant_id="north")

    assert ([it["tenant_id"] for it in listed["tenants"]], listed["total"]) == (["north", "west"], 2)
    assert (await done(auth, "GET", "/tenants/west", tenant_id="north"))["tenant_id"] == "west"
    for foreign in ("south", "nowhere"):
        problem(await call(auth, "GET", f"/tenants/{foreign}", tenant_id="north"), 404, "TENANT_NOT_FOUND")
    for method, path, body in (
        ("POST", "/tenants", {"tenant_id": "east", "name": "East"}),
        ("PUT", "/tenants/north", {"name": "Mine"}),
        ("PUT", "/tenants/south/members/u1", {"role": "admin"}),
        ("DELETE", "/tenants/south/members/admin", None),
    ):
        problem(await call(auth, method, path, body, tenant_id="north"), 403, "NOT_INSTALLATION_ADMIN")


async def test_the_list_is_paged_by_id(auth: Auth) -> None:
    for tenant_id in ("b", "a", "c"):
        await add_tenant(auth, tenant_id)

    page = await done(auth, "GET", "/tenants?limit=2&offset=1")

    assert ([it["tenant_id"] for it in page["tenants"]], page["total"]) == (["b", "c"], 4)
    problem(await call(auth, "GET", "/tenants?limit=501"), 400, "INVALID_INPUT")


async def test_a_tenant_is_renamed_and_announced_only_when_it_changes(auth: Auth) -> None:
    await add_tenant(auth)

    renamed = await done(auth, "PUT", "/tenants/north", {"name": "Nord"})

    assert renamed["name"] == "Nord"
    assert await done(auth, "PUT", "/tenants/north", {"name": "Nord", "disabled": False}) == renamed
    event = await auth.event(TenantUpdated)
    assert event.data_as(TenantUpdated) == TenantUpdated(name="Nord")
    problem(await call(auth, "PUT", "/tenants/nowhere", {"name": "N"}), 404, "TENANT_NOT_FOUND")


async def test_nobody_and_no_robot_enters_a_disabled_tenant(auth: Auth) -> None:
    await add_tenant(auth)
    await add_user(auth, tenant_id="north")
    robot = await created(auth, tenant_id="north")
    inside, elsewhere = await tokens_of(auth), (await auth.log_in()).json()

    assert (await done(auth, "PUT", "/tenants/north", {"disabled": True}))["disabled"]

    refused = problem(await auth.log_in(PASSWORD, "maria", address="192.0.2.1"), 401, "INVALID_CREDENTIALS")
    unknown = problem(await auth.log_in(PASSWORD, "nobody", address="192.0.2.2"), 401, "INVALID_CREDENTIALS")
    assert {**refused, "request_id": ""} == {**unknown, "request_id": ""}
    problem(await auth.refresh(inside["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")
    problem(await verify(auth, robot["api_key"]), 401, "INVALID_API_KEY")

    async def is_over() -> bool:
        return not await goes_on(auth, inside)

    await eventually(is_over)
    assert (await auth.refresh(elsewhere["refresh_token"])).status_code == 200

    await done(auth, "PUT", "/tenants/north", {"disabled": False})
    await tokens_of(auth)
    assert (await verify(auth, robot["api_key"])).status_code == 200


async def test_sessions_of_a_disabled_tenant_end_although_nobody_uses_them(auth: Auth) -> None:
    await add_tenant(auth)
    await add_user(auth, tenant_id="north")
    sessions = [await tokens_of(auth) for _ in range(3)]

    await done(auth, "PUT", "/tenants/north", {"disabled": True})

    async def are_over() -> bool:
        return not any([await goes_on(auth, tokens) for tokens in sessions])

    await eventually(are_over)


async def test_the_default_tenant_cannot_be_disabled(auth: Auth) -> None:
    problem(await call(auth, "PUT", "/tenants/default", {"disabled": True}), 409, "DEFAULT_TENANT")

    assert (await auth.log_in()).status_code == 200


async def test_a_user_is_let_into_another_tenant_again_and_out(auth: Auth) -> None:
    await add_tenant(auth)
    await add_user(auth)

    member = await done(auth, "PUT", "/tenants/north/members/maria", {"role": "developer"})
    again = await done(auth, "PUT", "/tenants/north/members/maria", {"role": "developer"})

    assert again == member
    assert (member["user_id"], member["tenant_id"], member["role"]) == ("maria", "north", "developer")
    inside, home = await tokens_of(auth, tenant_id="north"), await tokens_of(auth)
    removed = await done(auth, "DELETE", "/tenants/north/members/maria")
    assert removed == {"user_id": "maria", "tenant_id": "north", "account_deleted": False}
    assert [await goes_on(auth, inside), await goes_on(auth, home)] == [False, True]
    problem(await call(auth, "DELETE", "/tenants/north/members/maria"), 404, "USER_NOT_FOUND")


async def test_memberships_of_nobody_or_nowhere_are_404(auth: Auth) -> None:
    await add_user(auth)
    await done(auth, "DELETE", "/users/maria")
    role = {"role": "viewer"}

    problem(await call(auth, "PUT", "/tenants/nowhere/members/admin", role), 404, "TENANT_NOT_FOUND")
    for gone in ("maria", "nobody"):
        problem(await call(auth, "PUT", f"/tenants/default/members/{gone}", role), 404, "USER_NOT_FOUND")


async def test_memberships_given_at_once_are_all_kept(auth: Auth) -> None:
    await add_user(auth)
    names = [f"t{number}" for number in range(4)]
    for name in names:
        await add_tenant(auth, name)

    await asyncio.gather(*(done(auth, "PUT", f"/tenants/{name}/members/maria", {"role": "viewer"}) for name in names))

    assert set((await auth.document("users", "maria"))["tenants"]) == {"default", *names}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/tenants"),
        ("GET", "/tenants"),
        ("GET", "/tenants/default"),
        ("PUT", "/tenants/default"),
        ("PUT", "/tenants/default/members/x"),
        ("DELETE", "/tenants/default/members/x"),
    ],
)
async def test_only_administrators_may(auth: Auth, method: str, path: str) -> None:
    problem(await auth.http.request(method, f"/api/v1{path}", json={}), 401, "UNAUTHENTICATED")
    for headers in (auth.as_user(Role.DEVELOPER), auth.as_robot):
        problem(await auth.http.request(method, f"/api/v1{path}", json={}, headers=headers), 403, "FORBIDDEN")
