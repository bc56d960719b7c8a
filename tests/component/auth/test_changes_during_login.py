"""A login or refresh that is under way when its user, tenant or session changes (see `RecheckSession`)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.auth.adapters.argon2_passwords import Argon2Passwords
from services.auth.adapters.jwt_tokens import JwtTokens
from services.auth.adapters.memory_failed_logins import MemoryFailedLogins
from services.auth.adapters.mongo_audit import MongoAuditEntries
from services.auth.adapters.mongo_sessions import MongoSessions
from services.auth.adapters.mongo_tenants import MongoTenants
from services.auth.adapters.mongo_users import MongoUsers
from services.auth.adapters.signing_keys import SigningKeys
from services.auth.domain.lockout import LockoutPolicy
from services.auth.domain.session import Lifetimes, Session
from services.auth.domain.user import InvalidCredentials, Membership
from services.auth.use_cases.authenticate import Authenticate
from services.auth.use_cases.log_in import LogIn
from services.auth.use_cases.recheck_session import RecheckSession
from services.auth.use_cases.record_failed_login import RecordFailedLogin
from services.auth.use_cases.refresh_tokens import RefreshTokens
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
        record_failed_login=RecordFailedLogin(
            users=users, entries=MongoAuditEntries(runtime.store), clock=auth.clock, new_id=runtime.new_id
        ),
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


class CarriedOverMeanwhile(RecheckSession):
    """As if its bearer's change of password carried the session over between the reading and the rotation."""

    def __init__(self, *, sessions: MongoSessions, users: MongoUsers, tenants: MongoTenants) -> None:
        super().__init__(users=users, tenants=tenants)
        self._sessions = sessions
        self.times = 0

    async def __call__(self, session: Session) -> Membership | None:
        self.times += 1
        if self.times == 1:
            assert await self._sessions.carry_over(session, 9)
        return await super().__call__(session)


async def test_a_refresh_during_ones_own_change_of_password_is_no_reuse(auth: Auth) -> None:
    runtime = auth.runtime
    sessions = MongoSessions(runtime.store, runtime.relay)
    users, tenants = MongoUsers(runtime.store, runtime.relay), MongoTenants(runtime.store, runtime.relay)
    tokens = JwtTokens(SigningKeys(bytes(32), None), issuer="casare", clock=auth.clock, new_id=runtime.new_id)
    passwords = Argon2Passwords(memory_kib=8, iterations=1, parallelism=1, at_once=1)
    await add_user(auth)
    log_in = log_in_during(auth, passwords, lambda: tenants.get("default"))
    pair = await log_in(username="maria", password=PASSWORD, tenant_id=None, address="192.0.2.1")
    passwords.close()
    recheck = CarriedOverMeanwhile(sessions=sessions, users=users, tenants=tenants)
    refresh = RefreshTokens(
        recheck_session=recheck,
        sessions=sessions,
        revoke_session=RevokeSession(sessions=sessions, clock=auth.clock, new_id=runtime.new_id),
        tokens=tokens,
        lifetimes=LIFETIMES,
        clock=auth.clock,
        new_id=runtime.new_id,
    )

    await refresh(refresh_token=pair.refresh_token)

    assert recheck.times == 2
    (session,) = await runtime.store.collection("sessions").find({"user_id": "maria"}).to_list()
    assert (session.get("revoked_ms"), session["user_version"]) == (None, 9)
