"""The auth service's stores on every engine: memberships in a map, filters of keys and sessions, guards."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from services.auth.adapters.mongo_api_keys import API_KEY_INDEXES, API_KEYS, MongoApiKeys
from services.auth.adapters.mongo_sessions import SESSION_INDEXES, SESSIONS, MongoSessions
from services.auth.adapters.mongo_tenants import TENANT_INDEXES, TENANTS, MongoTenants
from services.auth.adapters.mongo_users import USER_INDEXES, USERS, MongoUsers
from services.auth.domain.api_key import ApiKey, ApiKeyStatus, KeyFilter
from services.auth.domain.session import Lifetimes, begin_session
from services.auth.domain.tenant import Tenant, leaver_key
from services.auth.domain.user import Membership, User, UserChange
from services.auth.settings import AuthSettings
from shared.config import load
from shared.events import CloudEvent, wrap
from shared.events.auth import UserUpdated
from shared.kernel.permissions import Role
from shared.web.runtime import Runtime, open_runtime
from tests.support.clock import ManualClock

NOW_MS = ManualClock().now_ms()
LIFETIMES = Lifetimes(access_ms=3_600_000, refresh_ms=7_200_000)


@pytest.fixture
async def runtime(each_store_url: str, database_name: str) -> AsyncIterator[Runtime]:
    settings = load(AuthSettings, mongodb_url=each_store_url, mongodb_database=database_name)
    async with open_runtime(settings, (), clock=ManualClock()) as started:
        for name, indexes in (
            (USERS, USER_INDEXES),
            (TENANTS, TENANT_INDEXES),
            (SESSIONS, SESSION_INDEXES),
            (API_KEYS, API_KEY_INDEXES),
        ):
            await started.store.ensure_indexes(name, indexes)
        yield started


def event(event_id: str, version: int = 1) -> CloudEvent:
    data = UserUpdated(user_id="x")
    return wrap(data, event_id=event_id, subject="x", tenant_id="t", version=version, at_ms=NOW_MS)


def user(user_id: str, **tenants: Role) -> User:
    return User(user_id=user_id, version=1, password_hash="hash", tenants=tenants, created_ms=NOW_MS, email="a@b")


async def test_users_of_a_tenant_are_found_by_their_memberships(runtime: Runtime) -> None:
    users = MongoUsers(runtime.store, runtime.relay)
    everybody = {
        "b.x@y": {"default": Role.ADMIN, "0": Role.VIEWER},
        "a": {"default": Role.VIEWER},
        "c": {"0": Role.ADMIN},
    }
    assert await users.is_empty()
    for user_id, tenants in everybody.items():
        assert await users.add(user(user_id, **tenants))
    assert not await users.add(user("a"))

    found, total = await users.page("default", limit=1, offset=1)

    assert ([it.user_id for it in found], total) == (["b.x@y"], 2)
    assert [it.user_id for it in (await users.page("0", limit=10, offset=0))[0]] == ["b.x@y", "c"]
    assert await users.page("nowhere", limit=10, offset=0) == ([], 0)
    assert [it.user_id for it in await users.admins_of("0")] == ["c"]


async def test_a_change_of_a_user_is_stored_whole_and_only_from_the_version_it_was_made_from(runtime: Runtime) -> None:
    users = MongoUsers(runtime.store, runtime.relay)
    before = user("maria", default=Role.VIEWER)
    await users.add(before, event("e1"))
    disabled = before.changed("default", UserChange(disabled=True), NOW_MS)
    gone = disabled.left("default", NOW_MS)

    assert await users.change(before, disabled, event("e2", 2))
    assert await users.get("maria") == disabled
    assert not await users.change(before, disabled, event("e3", 2))
    assert await users.change(disabled, gone, event("e4", 3))

    assert await users.get("maria") == gone
    stored = await runtime.store.collection(USERS).find_one({"_id": "maria"})
    assert stored is not None
    assert (set(stored["outbox"]), stored["unsent"]) == ({"e1", "e2", "e4"}, 3)
    assert await users.forget_deleted(NOW_MS + 1) == 0


async def test_administrators_about_to_leave_are_noted_and_forgotten(runtime: Runtime) -> None:
    tenants = MongoTenants(runtime.store, runtime.relay)
    before = Tenant(tenant_id="north", version=1, name="North", created_ms=NOW_MS, created_by="admin")
    await tenants.add(before)
    noted = before.with_leaver("a.b", NOW_MS)

    assert await tenants.note_leaver(before, noted)
    assert not await tenants.note_leaver(before, before.with_leaver("c", NOW_MS))
    assert await tenants.get("north") == noted
    assert set(noted.leaving) == {leaver_key("a.b")}
    await tenants.forget_leaver("north", "a.b", NOW_MS - 1)
    assert await tenants.get("north") == noted
    await tenants.forget_leaver("north", "a.b", NOW_MS)
    assert await tenants.get("north") == msgspec.structs.replace(noted, leaving={})


async def test_a_tenant_is_disabled_enabled_and_listed(runtime: Runtime) -> None:
    tenants = MongoTenants(runtime.store, runtime.relay)
    for tenant_id in ("b", "a", "c"):
        new = Tenant(tenant_id=tenant_id, version=1, name="N", created_ms=NOW_MS, created_by="admin")
        await tenants.add(new, event(f"new {tenant_id}"))
    before = await tenants.get("a")
    assert before is not None
    off = before.updated(name=None, disabled=True, now_ms=NOW_MS)
    on = off.updated(name="Other", disabled=False, now_ms=NOW_MS)

    assert await tenants.change(before, off, event("e2", 2))
    assert await tenants.get("a") == off
    assert await tenants.change(off, on, event("e3", 3))

    assert await tenants.get("a") == on
    assert [it.tenant_id for it in (await tenants.page(None, limit=2, offset=1))[0]] == ["b", "c"]
    found, total = await tenants.page(["c", "a", "gone"], limit=10, offset=0)
    assert ([it.tenant_id for it in found], total) == (["a", "c"], 2)


async def test_sessions_that_a_change_ends_are_found_and_no_others(runtime: Runtime) -> None:
    sessions = MongoSessions(runtime.store, runtime.relay)
    for number, (user_id, tenant_id, version) in enumerate(
        [("maria", "a", 1), ("maria", "a", 2), ("maria", "b", 1), ("paul", "a", 1), ("maria", "a", 1)]
    ):
        member = Membership(user_id, tenant_id, Role.VIEWER, version)
        began = begin_session(
            member, session_id=f"s{number}", refresh_id="r", now_ms=NOW_MS + number * 1000, lifetimes=LIFETIMES
        )
        await sessions.add(began, event(f"e{number}"))
    ended = await sessions.get("a", "s4")
    assert ended is not None
    assert await sessions.revoke(ended, ended.revoked("test", NOW_MS), event("end", 2))

    async def begun(tenant_id: str | None, kept: str | None = None) -> set[str]:
        found = await sessions.begun_by("maria", tenant_id, before_version=2, except_session=kept, limit=10)
        return {session.session_id for session in found}

    assert await begun("a") == {"s0"}
    assert await begun(None) == {"s0", "s2"}
    assert await begun(None, "s0") == {"s2"}
    in_tenant = await sessions.begun_in("a", until_ms=NOW_MS + 1000, limit=10)
    assert {session.session_id for session in in_tenant} == {"s0", "s1"}
    kept = await sessions.get("a", "s0")
    assert kept is not None
    assert await sessions.carry_over(kept, 2)
    assert await begun("a") == set()


async def test_keys_are_filtered_by_status_and_robot(runtime: Runtime) -> None:
    keys = MongoApiKeys(runtime.store, runtime.relay)

    async def add(key_id: str, expires_ms: int | None = None, robot_id: str | None = None) -> ApiKey:
        key = ApiKey(
            key_id=key_id,
            tenant_id="t",
            version=1,
            name="k",
            secret_hash="0",
            created_ms=NOW_MS,
            created_by="admin",
            last_used_ms=0,
            robot_id=robot_id,
            expires_ms=expires_ms,
        )
        await keys.add(key, event(f"new {key_id}"))
        return key

    await add("forever", robot_id="r1")
    await add("later", NOW_MS + 1)
    await add("over", NOW_MS)
    revoked, rotated = await add("revoked", robot_id="r1"), await add("rotated")
    assert await keys.change(revoked, revoked.revoked(NOW_MS), event("e1", 2))
    assert await keys.change(rotated, rotated.rotated("later", NOW_MS, 0), event("e2", 2))

    found = {}
    for status in (None, *ApiKeyStatus):
        page, total = await keys.page("t", KeyFilter(NOW_MS, status=status), limit=10, offset=0)
        found[status] = {key.key_id for key in page}
        assert total == len(page)

    assert found == {
        None: {"forever", "later", "over", "revoked", "rotated"},
        ApiKeyStatus.ACTIVE: {"forever", "later"},
        ApiKeyStatus.EXPIRED: {"over", "rotated"},
        ApiKeyStatus.REVOKED: {"revoked"},
    }
    assert [key.key_id for key in await keys.bound_to("t", "r1")] == ["forever"]
    assert (await keys.page("t", KeyFilter(NOW_MS, robot_id="r1"), limit=1, offset=0))[1] == 2
