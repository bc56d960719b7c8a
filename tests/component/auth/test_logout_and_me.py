"""`POST /auth/logout` and `GET /auth/me`."""

from typing import Any

import httpx
import jwt
import pytest

from services.auth.adapters.mongo_sessions import MongoSessions
from services.auth.use_cases.forget_expired_sessions import ForgetExpiredSessions
from shared.events.auth import SessionRevoked
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from tests.component.auth.running_auth import Auth, StartAuth, problem
from tests.support.eventually import eventually


async def logged_in(auth: Auth) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """The tokens, the header the gateway makes of the access token, and that token's claims."""
    tokens = (await auth.log_in()).json()
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    return tokens, auth.as_user(Role.ADMIN, session_id=claims["sid"]), claims


async def log_out(auth: Auth, headers: dict[str, str]) -> httpx.Response:
    return await auth.http.post("/api/v1/auth/logout", headers=headers)


async def test_logout_answers_as_the_contract_says(auth: Auth) -> None:
    _, caller, _ = await logged_in(auth)

    response = await log_out(auth, caller)

    assert (response.status_code, response.json()) == (200, {"message": "Successfully logged out"})


async def test_logout_ends_the_refresh_family_and_tells_the_gateways_until_when_to_refuse(auth: Auth) -> None:
    tokens, caller, claims = await logged_in(auth)

    await log_out(auth, caller)

    problem(await auth.refresh(tokens["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")
    event = await auth.event(SessionRevoked)
    assert event.data_as(SessionRevoked) == SessionRevoked(
        user_id="admin", session_id=claims["sid"], reason="logout", tokens_expire_ms=claims["exp"] * 1000
    )
    assert (event.subject, event.tenantid, event.aggregateversion) == (claims["sid"], "default", 2)


async def test_logging_out_again_changes_and_announces_nothing(auth: Auth) -> None:
    _, caller, claims = await logged_in(auth)
    await log_out(auth, caller)
    before = await auth.document("sessions", claims["sid"])

    assert (await log_out(auth, caller)).status_code == 200

    after = await auth.document("sessions", claims["sid"])
    assert (after["version"], after["revoked_ms"]) == (before["version"], before["revoked_ms"])
    await auth.event(SessionRevoked)


async def test_nobody_ends_a_session_of_another_tenant(auth: Auth) -> None:
    tokens, _, claims = await logged_in(auth)
    stranger = auth.as_user(Role.ADMIN, tenant_id="elsewhere", session_id=claims["sid"])

    assert (await log_out(auth, stranger)).status_code == 200

    assert (await auth.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_credential_without_a_session_cannot_log_out(auth: Auth) -> None:
    problem(await log_out(auth, auth.as_user(Role.ADMIN)), 401, "NO_SESSION")


@pytest.mark.parametrize(
    ("role", "roles"),
    [
        (Role.ADMIN, ["admin", "developer", "operator", "viewer"]),
        (Role.DEVELOPER, ["developer", "operator", "viewer"]),
        (Role.OPERATOR, ["operator", "viewer"]),
        (Role.VIEWER, ["viewer"]),
    ],
)
async def test_me_lists_the_role_and_all_it_includes(auth: Auth, role: Role, roles: list[str]) -> None:
    me = Identity(kind="user", subject="admin", tenant_id="north", roles=(role,))

    response = await auth.http.get("/api/v1/auth/me", headers=auth.signed(me))

    assert response.status_code == 200
    assert response.json() == {"user_id": "admin", "roles": roles, "tenant_id": "north", "dev_mode": False}


async def test_dev_mode_is_told_when_it_is_set(start_auth: StartAuth) -> None:
    async with start_auth(dev_mode=True) as auth:
        response = await auth.http.get("/api/v1/auth/me", headers=auth.as_user(Role.VIEWER))

        assert response.json()["dev_mode"] is True


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v1/auth/logout"), ("GET", "/api/v1/auth/me")])
async def test_both_need_a_user(auth: Auth, method: str, path: str) -> None:
    anonymous = await auth.http.request(method, path)
    robot = await auth.http.request(method, path, headers=auth.as_robot)
    forged = await auth.http.request(method, path, headers={"x-casare-identity": "forged"})

    problem(anonymous, 401, "UNAUTHENTICATED")
    problem(robot, 403, "FORBIDDEN")
    problem(forged, 401, "UNAUTHENTICATED")


async def test_sessions_that_are_over_are_forgotten_and_others_kept(auth: Auth) -> None:
    week_and_day = 8 * 24 * 3600
    _, _, old = await logged_in(auth)
    auth.clock.advance(seconds=week_and_day)
    _, _, young = await logged_in(auth)
    auth.clock.advance(seconds=1)
    sessions = MongoSessions(auth.runtime.store, auth.runtime.relay)
    forget = ForgetExpiredSessions(sessions=sessions, clock=auth.clock)

    async def forgot_one() -> bool:
        return await forget() == 1

    await eventually(forgot_one, because="a session is kept until its events are published")

    assert await sessions.get("default", old["sid"]) is None
    assert await sessions.get("default", young["sid"]) is not None
