"""The first administrator, and starting before everything is there."""

import asyncio
from functools import partial

import pytest
from structlog.testing import capture_logs

from services.auth.settings import DEVELOPMENT_SIGNING_KEY, AuthSettings
from shared.config import Environment, InsecureSecret, load
from tests.component.auth.running_auth import ADMIN_PASSWORD, Auth, StartAuth, problem
from tests.support.eventually import eventually
from tests.support.ports import free_port

PRODUCTION = {
    "environment": Environment.PRODUCTION,
    "internal_key": "an internal key of its own, long enough",
    "token_signing_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "log_json": False,
}


async def readiness(auth: Auth) -> tuple[int, str]:
    response = await auth.http.get("/health/ready")
    return response.status_code, response.json()["checks"]["bootstrap"]


async def test_admin_is_created_in_the_default_tenant_where_nobody_exists(auth: Auth) -> None:
    admin = await auth.document("users", "admin")

    assert (admin["tenants"], admin["version"]) == ({"default": "admin"}, 1)
    assert await auth.runtime.store.count("users", {}) == 1


async def test_replicas_that_start_together_create_one_admin_and_both_accept_the_password(
    start_auth: StartAuth,
) -> None:
    async with start_auth(wait=False) as one, start_auth(wait=False) as other:
        for replica in (one, other):
            await eventually(partial(is_ready, replica), timeout_seconds=20)
            assert (await replica.log_in()).status_code == 200
        assert await one.runtime.store.count("users", {}) == 1


async def test_a_password_given_later_does_not_replace_the_first(start_auth: StartAuth) -> None:
    async with start_auth():
        pass
    async with start_auth(admin_password="another password") as later:
        problem(await later.log_in("another password"), 401, "INVALID_CREDENTIALS")
        assert (await later.log_in(ADMIN_PASSWORD)).status_code == 200


async def test_no_admin_is_created_where_somebody_exists(start_auth: StartAuth) -> None:
    async with start_auth(admin_password="") as auth:
        user = {"_id": "maria", "version": 1, "password_hash": "$", "tenants": {}, "created_ms": 0}
        await auth.runtime.store.collection("users").insert_one(user)
    async with start_auth() as later:
        problem(await later.log_in(), 401, "INVALID_CREDENTIALS")
        assert await later.runtime.store.count("users", {}) == 1


async def test_without_a_password_development_starts_and_says_what_to_do(start_auth: StartAuth) -> None:
    with capture_logs() as lines:
        async with start_auth(admin_password="") as auth:
            assert await auth.runtime.store.count("users", {}) == 0

    (line,) = [line for line in lines if line["event"] == "first_admin_missing"]
    assert "CASARE_ADMIN_PASSWORD" in line["what_to_do"]


async def test_without_a_password_production_is_not_ready_says_why_and_recovers(start_auth: StartAuth) -> None:
    with capture_logs() as lines:
        async with start_auth(wait=False, admin_password="", **PRODUCTION) as auth:

            async def tells_why() -> bool:
                status, reason = await readiness(auth)
                return status == 503 and "CASARE_ADMIN_PASSWORD" in reason

            await eventually(tells_why, timeout_seconds=20)
            assert (await auth.http.get("/health/live")).status_code == 200

            async with start_auth(**PRODUCTION):
                await eventually(
                    partial(is_ready, auth), timeout_seconds=20, because="another replica created the admin"
                )
            assert (await auth.log_in()).status_code == 200

    assert any(
        line["log_level"] == "error" and "CASARE_ADMIN_PASSWORD" in line["reason"]
        for line in lines
        if line["event"] == "auth_not_prepared"
    )


async def test_without_a_store_the_service_lives_is_not_ready_and_answers_503(start_auth: StartAuth) -> None:
    url = f"mongodb://127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=200"
    async with start_auth(wait=False, mongodb_url=url) as auth:
        assert (await auth.http.get("/health/live")).status_code == 200
        ready, login = await asyncio.gather(auth.http.get("/health/ready"), auth.log_in())

    assert ready.status_code == 503
    problem(login, 503, "UNAVAILABLE")
    assert "127.0.0.1" not in login.text


def test_production_refuses_the_development_signing_key() -> None:
    with pytest.raises(InsecureSecret, match="CASARE_TOKEN_SIGNING_KEY"):
        load(AuthSettings, **{**PRODUCTION, "token_signing_key": DEVELOPMENT_SIGNING_KEY})


async def is_ready(auth: Auth) -> bool:
    return (await auth.http.get("/health/ready")).status_code == 200
