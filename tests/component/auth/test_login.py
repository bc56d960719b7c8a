"""`POST /auth/login` (contract, clarifications 4 and 8)."""

import asyncio
from typing import Any

import jwt
import pytest
from jwt.types import Options
from structlog.testing import capture_logs

from services.auth.adapters.argon2_passwords import Argon2Passwords
from shared.events.auth import UserLoggedIn
from shared.kernel.permissions import Role
from tests.component.auth.running_auth import ADMIN_PASSWORD, CHEAP_HASHES, Auth, StartAuth, problem

HOUR_SECONDS = 3600
WEEK_SECONDS = 7 * 24 * HOUR_SECONDS


async def add_user(auth: Auth, user_id: str, password: str, **tenants: Role) -> None:
    hasher = Argon2Passwords(memory_kib=CHEAP_HASHES["password_memory_kib"], iterations=1, parallelism=1, at_once=1)
    user = {
        "_id": user_id,
        "version": 1,
        "password_hash": await hasher.hash(password),
        "tenants": tenants,
        "created_ms": auth.clock.now_ms(),
    }
    hasher.close()
    await auth.runtime.store.collection("users").insert_one(user)


async def verified_claims(auth: Auth, token: str, audience: str) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict((await auth.http.get("/internal/jwks")).json())
    kid = jwt.get_unverified_header(token)["kid"]
    times_of_another_clock: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    return jwt.decode(token, keys[kid], ["EdDSA"], times_of_another_clock, audience=audience, issuer="casare")


async def test_the_first_admin_logs_in_and_gets_exactly_the_contracts_fields(auth: Auth) -> None:
    response = await auth.log_in()

    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", HOUR_SECONDS)
    assert response.headers["cache-control"] == "no-store"


async def test_the_access_token_verifies_with_the_published_key_and_says_who_where_and_until_when(auth: Auth) -> None:
    token = (await auth.log_in()).json()["access_token"]

    claims = await verified_claims(auth, token, "casare-api")

    now = auth.clock.now_ms() // 1000
    assert claims.pop("jti")
    session_id = claims.pop("sid")
    assert claims == {
        "iss": "casare",
        "aud": "casare-api",
        "sub": "admin",
        "typ": "access",
        "tid": "default",
        "roles": ["admin"],
        "iat": now,
        "nbf": now,
        "exp": now + HOUR_SECONDS,
    }
    assert (await auth.document("sessions", session_id))["tenant_id"] == "default"


async def test_the_refresh_token_is_for_another_audience_lasts_a_week_and_grants_no_role(auth: Auth) -> None:
    token = (await auth.log_in()).json()["refresh_token"]

    claims = await verified_claims(auth, token, "casare-refresh")

    assert claims["typ"] == "refresh"
    assert claims["exp"] == auth.clock.now_ms() // 1000 + WEEK_SECONDS
    assert "roles" not in claims
    with pytest.raises(jwt.InvalidAudienceError):
        await verified_claims(auth, token, "casare-api")


async def test_a_login_is_announced(auth: Auth) -> None:
    await auth.log_in()

    event = await auth.event(UserLoggedIn)

    assert event.data_as(UserLoggedIn).user_id == "admin"
    assert event.data_as(UserLoggedIn).session_id == event.subject
    assert (event.tenantid, event.aggregateversion) == ("default", 1)


async def test_only_an_argon2id_hash_of_the_password_is_stored(auth: Auth) -> None:
    user = await auth.document("users", "admin")

    assert user["password_hash"].startswith("$argon2id$")
    assert ADMIN_PASSWORD not in str(user)


async def test_unknown_user_wrong_password_and_foreign_tenant_read_the_same(auth: Auth) -> None:
    refusals = [
        await auth.log_in("wrong"),
        await auth.log_in("wrong", username="nobody"),
        await auth.log_in(ADMIN_PASSWORD, tenant_id="elsewhere"),
    ]

    bodies = [problem(response, 401, "INVALID_CREDENTIALS") for response in refusals]
    for body in bodies:
        del body["request_id"]
    assert bodies[0] == bodies[1] == bodies[2]
    assert all(response.headers["www-authenticate"].startswith("Bearer") for response in refusals)


async def test_tenant_id_selects_among_the_users_tenants(auth: Auth) -> None:
    await add_user(auth, "maria", "her password", default=Role.VIEWER, north=Role.DEVELOPER)

    chosen = await auth.log_in("her password", "maria", tenant_id="north")
    unchosen = await auth.log_in("her password", "maria", tenant_id=None)

    in_north = await verified_claims(auth, chosen.json()["access_token"], "casare-api")
    assert (in_north["tid"], in_north["roles"]) == ("north", ["developer"])
    at_home = await verified_claims(auth, unchosen.json()["access_token"], "casare-api")
    assert (at_home["tid"], at_home["roles"]) == ("default", ["viewer"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": "x"}, "username"),
        ({"username": "admin"}, "password"),
        ({"username": "", "password": "x"}, "username"),
        ({"username": "a" * 129, "password": "x"}, "username"),
        ({"username": "admin", "password": ""}, "password"),
        ({"username": "admin", "password": "x" * 1025}, "password"),
        ({"username": "ad\0min", "password": "x"}, "username"),
        ({"username": "admin", "password": "x\0"}, "password"),
        ({"username": "admin", "password": "x", "tenant_id": "\0"}, "tenant_id"),
        ({"username": "admin", "password": "x", "tenant_id": "t" * 65}, "tenant_id"),
        ({"username": {"$ne": ""}, "password": "x"}, "username"),
        ({"username": "admin", "password": 1}, "password"),
        ([], "body"),
    ],
)
async def test_bad_input_is_400_names_the_field_and_repeats_no_secret(auth: Auth, body: Any, field: str) -> None:
    response = await auth.http.post("/api/v1/auth/login", json=body)

    assert field in [error["field"] for error in problem(response, 400, "INVALID_INPUT")["errors"]]
    assert "x" * 1025 not in response.text


async def test_a_body_that_is_not_json_is_400(auth: Auth) -> None:
    response = await auth.http.post("/api/v1/auth/login", content=b"{", headers={"content-type": "application/json"})

    problem(response, 400, "INVALID_INPUT")


async def test_more_logins_than_the_line_holds_are_told_to_come_back(start_auth: StartAuth) -> None:
    async with start_auth(password_hashes_at_once=1, logins_waiting=1, login_max_failures=100) as auth:
        responses = await asyncio.gather(*(auth.log_in() for _ in range(8)))

    refused = [response for response in responses if response.status_code != 200]
    assert len(refused) < len(responses)
    for response in refused:
        problem(response, 503, "TOO_MANY_LOGINS")
        assert int(response.headers["retry-after"]) >= 1
    assert refused


async def test_neither_password_nor_token_reaches_the_log(auth: Auth) -> None:
    with capture_logs() as lines:
        tokens = (await auth.log_in()).json()
        await auth.log_in("a wrong password")
        await auth.refresh(tokens["refresh_token"])
        await auth.refresh(tokens["refresh_token"])

    assert [line["event"] for line in lines] == ["session_revoked"]
    for secret in (ADMIN_PASSWORD, "a wrong password", tokens["access_token"], tokens["refresh_token"]):
        assert secret not in str(lines)
