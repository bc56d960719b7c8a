"""A login that is under way when its user or tenant changes (see `RecheckSession`)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.auth.adapters.argon2_passwords import Argon2Passwords
from services.auth.adapters.jwt_tokens import JwtTokens
from services.auth.adapters.memory_failed_logins import MemoryFailedLogins
from services.auth.adapters.mongo_sessions import MongoSessions
from services.auth.adapters.mongo_tenants import MongoTenants
from services.auth.adapters.mongo_users import MongoUsers
from services.auth.adapters.signing_keys import SigningKeys
from services.auth.domain.lockout import LockoutPolicy
from services.auth.domain.session import Lifetimes
from services.auth.domain.user import InvalidCredentials
from services.auth.use_cases.authenticate import Authenticate
from services.auth.use_cases.log_in import LogIn
from services.auth.use_cases.recheck_session import RecheckSession
from services.auth.use_cases.revoke_session import RevokeSession
from shared.kernel.permissions import Role
from tests.component.auth.people import PASSWORD, add_tenant, add_user, done
from tests.component.auth.running_auth import Auth

LIFETIMES = Lifetimes(access_ms=3_600_000, refresh_ms=7_200_000)


class Line:
    """A `WaitingLine` at whose end something happens: after the password was found right, before the session is."""

    def __init__(self, happens: Callable[[], Awaitable[Any]]) -> None:
        self._happens = happens

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        yield
        await self._happens()


def log_in_during(auth: Auth, passwords: Argon2Passwords, happens: Callable[[], Awaitable[Any]]) -> LogIn:
    """`LogIn` as the service wires it, but for the line."""
    runtime = auth.runtime
    users, tenants = MongoUsers(runtime.store, runtime.relay), MongoTenants(runtime.store, runtime.relay)
    sessions = MongoSessions(runtime.store, runtime.relay)
    authenticate = Authenticate(
        users=users,
        tenants=tenants,
        failed_logins=MemoryFailedLogins(LockoutPolicy(5, 300_000, 900_000), auth.clock),
        passwords=passwords,
        line=Line(happens),
        new_id=runtime.new_id,
    )
    return LogIn(
        authenticate=authenticate,
        recheck_session=RecheckSession(users=users, tenants=tenants),
        revoke_session=RevokeSession(sessions=sessions, clock=auth.clock, new_id=runtime.new_id),
        sessions=sessions,
        tokens=JwtTokens(SigningKeys(bytes(32), None), issuer="casare", clock=auth.clock, new_id=runtime.new_id),
        lifetimes=LIFETIMES,
        clock=auth.clock,
        new_id=runtime.new_id,
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "tenant_id"),
    [
        ("PUT", "/users/maria", {"password": "another password"}, "north"),
        ("PUT", "/users/maria", {"role": "viewer"}, "north"),
        ("PUT", "/users/maria", {"disabled": True}, "north"),
        ("DELETE", "/users/maria", None, "north"),
        ("PUT", "/tenants/north", {"disabled": True}, "default"),
    ],
)
async def test_what_ends_sessions_ends_the_one_that_is_just_beginning(
    auth: Auth, method: str, path: str, body: Any, tenant_id: str
) -> None:
    await add_tenant(auth)
    await add_user(auth, role=Role.OPERATOR, tenant_id="north")
    passwords = Argon2Passwords(memory_kib=8, iterations=1, parallelism=1, at_once=1)
    log_in = log_in_during(auth, passwords, lambda: done(auth, method, path, body, tenant_id=tenant_id))

    with pytest.raises(InvalidCredentials):
        await log_in(username="maria", password=PASSWORD, tenant_id=None, address="192.0.2.1")

    passwords.close()
    (session,) = await auth.runtime.store.collection("sessions").find({"user_id": "maria"}).to_list()
    assert session["revoked_ms"] == auth.clock.now_ms()
