"""A tenant always has an administrator who can act, whoever takes whose rights away at once."""

import asyncio
from typing import Any

import pytest

from services.auth.domain.tenant import LEAVING_MS, leaver_key
from shared.kernel.permissions import Role
from tests.component.auth.people import add_tenant, add_user, call, done
from tests.component.auth.running_auth import Auth, StartAuth, problem

ENDS = [
    ("PUT", "/users/{}", {"role": "developer"}),
    ("PUT", "/users/{}", {"disabled": True}),
    ("DELETE", "/users/{}", None),
    ("PUT", "/tenants/default/members/{}", {"role": "viewer"}),
    ("DELETE", "/tenants/default/members/{}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ENDS)
async def test_the_last_administrator_stays(auth: Auth, method: str, path: str, body: Any) -> None:
    await add_user(auth, "maria", Role.DEVELOPER)
    await add_user(auth, "disabled", Role.ADMIN)
    await done(auth, "PUT", "/users/disabled", {"disabled": True})

    problem(await call(auth, method, path.format("admin"), body), 409, "LAST_ADMIN")

    admin = await done(auth, "GET", "/users/admin")
    assert (admin["role"], admin["disabled"]) == ("admin", False)


@pytest.mark.parametrize(("method", "path", "body"), ENDS)
async def test_one_of_two_administrators_may_go(auth: Auth, method: str, path: str, body: Any) -> None:
    await add_user(auth, "a.second@one", Role.ADMIN)

    await done(auth, method, path.format("a.second@one"), body)

    problem(await call(auth, method, path.format("admin"), body), 409, "LAST_ADMIN")


async def test_a_last_administrator_may_change_what_takes_no_rights_away(auth: Auth) -> None:
    await done(auth, "PUT", "/users/admin", {"password": "another password", "display_name": "A", "role": "admin"})


async def test_administrators_who_take_each_others_rights_away_at_once_leave_one(start_auth: StartAuth) -> None:
    async with start_auth() as one, start_auth() as other:
        names = [f"admin{number}" for number in range(4)]
        for name in names:
            await add_user(one, name, Role.ADMIN)
        everybody = ["admin", *names]
        ends = [("PUT", {"role": "viewer"}), ("PUT", {"disabled": True}), ("DELETE", None)]

        async def end(number: int, name: str) -> int:
            method, body = ends[number % 3]
            response = await call([one, other][number % 2], method, f"/users/{name}", body)
            if response.status_code == 503:  # the tenant's document changed too often meanwhile
                return await end(number, name)
            return response.status_code

        statuses = await asyncio.gather(*(end(number, name) for number, name in enumerate(everybody)))

        left = (await done(one, "GET", "/users"))["users"]
        assert len([user for user in left if user["role"] == "admin" and not user["disabled"]]) >= 1
        assert set(statuses) <= {200, 409}
        assert 409 in statuses


async def test_whoever_died_while_taking_rights_away_blocks_others_for_a_minute_at_most(auth: Auth) -> None:
    await add_user(auth, "maria", Role.ADMIN)
    died = {"$set": {"leaving": {leaver_key("maria"): auth.clock.now_ms()}}}
    await auth.runtime.store.collection("tenants").update_one({"_id": "default"}, died)

    problem(await call(auth, "DELETE", "/users/admin"), 409, "LAST_ADMIN")
    auth.clock.advance(ms=LEAVING_MS)

    await done(auth, "DELETE", "/users/admin")


async def test_a_refused_change_leaves_nothing_noted(auth: Auth) -> None:
    await add_tenant(auth)
    await add_user(auth, "maria", Role.ADMIN)
    await done(auth, "PUT", "/users/maria", {"role": "viewer"})

    assert (await auth.document("tenants", "default")).get("leaving") == {}
