"""The auth service, wired."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

import structlog
from fastapi import FastAPI

from services.auth.adapters.argon2_passwords import Argon2Passwords
from services.auth.adapters.jwt_tokens import JwtTokens
from services.auth.adapters.key_secrets import DerivedSecrets
from services.auth.adapters.memory_failed_logins import MemoryFailedLogins
from services.auth.adapters.mongo_api_keys import API_KEYS, MongoApiKeys
from services.auth.adapters.mongo_sessions import SESSIONS, MongoSessions
from services.auth.adapters.mongo_tenants import TENANTS, MongoTenants
from services.auth.adapters.mongo_users import USERS, MongoUsers
from services.auth.adapters.redis_failed_logins import RedisFailedLogins, lockout_client
from services.auth.adapters.signing_keys import SigningKeys
from services.auth.adapters.waiting_line import BoundedLine
from services.auth.api.api_key_routes import ApiKeyUseCases, build_api_key_router
from services.auth.api.internal_routes import build_internal_router
from services.auth.api.routes import build_router
from services.auth.api.tenant_routes import TenantUseCases, build_tenant_router
from services.auth.api.user_routes import UserUseCases, build_user_router
from services.auth.background import duties
from services.auth.bootstrap import Bootstrap
from services.auth.consumers import attach_deleted_robots, attach_ended_sessions
from services.auth.settings import AuthSettings
from services.auth.use_cases.authenticate import Authenticate
from services.auth.use_cases.change_own_password import ChangeOwnPassword
from services.auth.use_cases.create_api_key import CreateApiKey
from services.auth.use_cases.create_tenant import CreateTenant
from services.auth.use_cases.create_user import CreateUser
from services.auth.use_cases.end_sessions import EndSessions
from services.auth.use_cases.forget_deleted_users import ForgetDeletedUsers
from services.auth.use_cases.forget_expired_sessions import ForgetExpiredSessions
from services.auth.use_cases.get_api_key import GetApiKey
from services.auth.use_cases.get_tenant import GetTenant
from services.auth.use_cases.get_user import GetUser
from services.auth.use_cases.keep_an_admin import KeepAnAdmin
from services.auth.use_cases.list_api_keys import ListApiKeys
from services.auth.use_cases.list_revocations import ListRevocations
from services.auth.use_cases.list_tenants import ListTenants
from services.auth.use_cases.list_users import ListUsers
from services.auth.use_cases.log_in import LogIn
from services.auth.use_cases.log_out import LogOut
from services.auth.use_cases.recheck_session import RecheckSession
from services.auth.use_cases.record_key_use import RecordKeyUse
from services.auth.use_cases.refresh_tokens import RefreshTokens
from services.auth.use_cases.remove_user import RemoveUser
from services.auth.use_cases.reveal_api_key import RevealApiKey
from services.auth.use_cases.revoke_api_key import RevokeApiKey
from services.auth.use_cases.revoke_keys_of_robot import RevokeKeysOfRobot
from services.auth.use_cases.revoke_session import RevokeSession
from services.auth.use_cases.rotate_api_key import RotateApiKey
from services.auth.use_cases.set_membership import SetMembership
from services.auth.use_cases.store_user_change import StoreUserChange
from services.auth.use_cases.update_tenant import UpdateTenant
from services.auth.use_cases.update_user import UpdateUser
from services.auth.use_cases.verify_api_key import VerifyApiKey
from shared.kernel.errors import Unavailable
from shared.web import ContractRouter, create_service_app
from shared.web.idempotency import IdempotentResponses
from shared.web.periodic import running
from shared.web.runtime import Runtime

OUTBOX_COLLECTIONS: Final = (SESSIONS, API_KEYS, USERS, TENANTS)
"""Whose outboxes this service fills."""

_log: Final = structlog.get_logger(__name__)


def create_app(settings: AuthSettings, runtime: Runtime) -> FastAPI:
    """The auth service. Its lifespan prepares the store and runs the duties; the process opens the runtime.

    Redis is not part of readiness: without it logins are refused, while keys must still be verified (faults 10).
    """
    parts = _Parts(settings, runtime)
    app = create_service_app(
        name="auth",
        title="Casare auth",
        registry=runtime.registry,
        tokens=runtime.tokens,
        checks={"store": runtime.store.ping, "bus": runtime.bus.check, "bootstrap": parts.bootstrap.check},
        lifespan=_lifespan(parts),
    )
    for build in (_auth_router, _user_router, _tenant_router, _api_key_router, _internal_router):
        app.include_router(build(parts))
    return app


class _Parts:
    """The adapters of one service, and what its use cases share."""

    def __init__(self, settings: AuthSettings, runtime: Runtime) -> None:
        self.settings = settings
        self.runtime = runtime
        self.keys = SigningKeys(settings.signing_seed, settings.previous_seed)
        self.tokens = JwtTokens(self.keys, issuer=settings.token_issuer, clock=runtime.clock, new_id=runtime.new_id)
        self.passwords = Argon2Passwords(
            memory_kib=settings.password_memory_kib,
            iterations=settings.password_iterations,
            parallelism=settings.password_parallelism,
            at_once=settings.password_hashes_at_once,
        )
        self.failed_logins = _failed_logins(settings, runtime)
        self.users = MongoUsers(runtime.store, runtime.relay)
        self.tenants = MongoTenants(runtime.store, runtime.relay)
        self.sessions = MongoSessions(runtime.store, runtime.relay)
        self.api_keys = MongoApiKeys(runtime.store, runtime.relay)
        self.revoke_api_key = RevokeApiKey(api_keys=self.api_keys, clock=runtime.clock, new_id=runtime.new_id)
        self.record_use = RecordKeyUse(api_keys=self.api_keys)
        self.idempotent = IdempotentResponses(runtime.store, runtime.clock, runtime.new_id)
        self.bootstrap = Bootstrap(
            runtime.store,
            settings,
            users=self.users,
            tenants=self.tenants,
            passwords=self.passwords,
            clock=runtime.clock,
        )
        self.line = BoundedLine(at_once=settings.password_hashes_at_once, max_waiting=settings.logins_waiting)
        self.authenticate = Authenticate(
            users=self.users,
            tenants=self.tenants,
            failed_logins=self.failed_logins,
            passwords=self.passwords,
            line=self.line,
            new_id=runtime.new_id,
        )
        self.revoke_session = RevokeSession(sessions=self.sessions, clock=runtime.clock, new_id=runtime.new_id)
        self.end_sessions = EndSessions(sessions=self.sessions, revoke_session=self.revoke_session)
        self.store_user_change = StoreUserChange(
            users=self.users,
            keep_an_admin=KeepAnAdmin(users=self.users, tenants=self.tenants, clock=runtime.clock),
            end_sessions=self.end_sessions,
            clock=runtime.clock,
            new_id=runtime.new_id,
        )
        self.get_user = GetUser(users=self.users)
        self.remove_user = RemoveUser(get_user=self.get_user, store=self.store_user_change, clock=runtime.clock)


def _failed_logins(settings: AuthSettings, runtime: Runtime) -> RedisFailedLogins | MemoryFailedLogins:
    """Redis where an URL is given, else this process's memory."""
    url = settings.redis_url.get_secret_value()
    if url:
        return RedisFailedLogins(lockout_client(url), settings.lockout, prefix=settings.redis_prefix)
    return MemoryFailedLogins(settings.lockout, runtime.clock)


def _auth_router(parts: _Parts) -> ContractRouter:
    settings, runtime = parts.settings, parts.runtime
    recheck_session = RecheckSession(users=parts.users, tenants=parts.tenants)
    log_in = LogIn(
        authenticate=parts.authenticate,
        recheck_session=recheck_session,
        revoke_session=parts.revoke_session,
        sessions=parts.sessions,
        tokens=parts.tokens,
        lifetimes=settings.lifetimes,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    refresh_tokens = RefreshTokens(
        recheck_session=recheck_session,
        sessions=parts.sessions,
        revoke_session=parts.revoke_session,
        tokens=parts.tokens,
        lifetimes=settings.lifetimes,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    return build_router(
        log_in=log_in,
        refresh_tokens=refresh_tokens,
        log_out=LogOut(revoke_session=parts.revoke_session),
        dev_mode=settings.dev_mode,
    )


def _user_router(parts: _Parts) -> ContractRouter:
    users, runtime, passwords, line = parts.users, parts.runtime, parts.passwords, parts.line
    update = UpdateUser(
        get_user=parts.get_user,
        store=parts.store_user_change,
        passwords=passwords,
        line=line,
        clock=runtime.clock,
    )
    change_own_password = ChangeOwnPassword(
        authenticate=parts.authenticate,
        users=users,
        sessions=parts.sessions,
        end_sessions=parts.end_sessions,
        passwords=passwords,
        line=line,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    use_cases = UserUseCases(
        create=CreateUser(users=users, passwords=passwords, line=line, clock=runtime.clock, new_id=runtime.new_id),
        list=ListUsers(users=users),
        get=parts.get_user,
        update=update,
        remove=parts.remove_user,
        change_own_password=change_own_password,
    )
    return build_user_router(use_cases, idempotent=parts.idempotent)


def _tenant_router(parts: _Parts) -> ContractRouter:
    users, tenants, runtime = parts.users, parts.tenants, parts.runtime
    set_membership = SetMembership(users=users, tenants=tenants, store=parts.store_user_change)
    create = CreateTenant(
        users=users, tenants=tenants, set_membership=set_membership, clock=runtime.clock, new_id=runtime.new_id
    )
    use_cases = TenantUseCases(
        create=create,
        list=ListTenants(users=users, tenants=tenants),
        get=GetTenant(users=users, tenants=tenants),
        update=UpdateTenant(tenants=tenants, clock=runtime.clock, new_id=runtime.new_id),
        set_membership=set_membership,
        remove_user=parts.remove_user,
    )
    return build_tenant_router(use_cases, idempotent=parts.idempotent)


def _api_key_router(parts: _Parts) -> ContractRouter:
    runtime, api_keys = parts.runtime, parts.api_keys
    key_secrets = DerivedSecrets(parts.settings.signing_seed)
    create = CreateApiKey(api_keys=api_keys, key_secrets=key_secrets, clock=runtime.clock, new_id=runtime.new_id)
    rotate = RotateApiKey(
        api_keys=api_keys,
        create_api_key=create,
        revoke_api_key=parts.revoke_api_key,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    use_cases = ApiKeyUseCases(
        create=create,
        reveal=RevealApiKey(api_keys=api_keys, key_secrets=key_secrets),
        rotate=rotate,
        revoke=parts.revoke_api_key,
        list=ListApiKeys(api_keys=api_keys),
        get=GetApiKey(api_keys=api_keys),
    )
    return build_api_key_router(use_cases, idempotent=parts.idempotent, clock=runtime.clock)


def _internal_router(parts: _Parts) -> ContractRouter:
    clock = parts.runtime.clock
    verify_api_key = VerifyApiKey(
        api_keys=parts.api_keys, tenants=parts.tenants, record_use=parts.record_use, clock=clock
    )
    return build_internal_router(
        verify_api_key=verify_api_key,
        list_revocations=ListRevocations(sessions=parts.sessions, api_keys=parts.api_keys, clock=clock),
        jwks=parts.keys.as_jwks(),
    )


def _lifespan(parts: _Parts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    forget = ForgetExpiredSessions(sessions=parts.sessions, clock=parts.runtime.clock)
    flush_seconds = parts.settings.api_key_use_flush_seconds
    forget_users = ForgetDeletedUsers(users=parts.users, clock=parts.runtime.clock)
    timed = duties(forget, forget_users, parts.record_use, parts.idempotent, flush_seconds=flush_seconds)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(parts.passwords.close)
            if isinstance(parts.failed_logins, RedisFailedLogins):
                stack.push_async_callback(parts.failed_logins.close)
            stack.push_async_callback(_store_last_uses, parts.record_use)
            await _attach_consumers(parts)
            await stack.enter_async_context(running(timed, parts.runtime.registry))
            await stack.enter_async_context(_in_background(parts.bootstrap))
            yield

    return lifespan


async def _attach_consumers(parts: _Parts) -> None:
    revoke_keys = RevokeKeysOfRobot(api_keys=parts.api_keys, revoke_api_key=parts.revoke_api_key)
    await attach_deleted_robots(parts.runtime.bus, revoke_keys)
    await attach_ended_sessions(parts.runtime.bus, parts.end_sessions)


@asynccontextmanager
async def _in_background(bootstrap: Bootstrap) -> AsyncIterator[None]:
    task = asyncio.create_task(bootstrap.run(), name="auth-bootstrap")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _store_last_uses(record_use: RecordKeyUse) -> None:
    try:
        await record_use.flush()
    except Unavailable as error:
        _log.warning("key_use_lost", reason=error.detail)
