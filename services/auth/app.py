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
from services.auth.adapters.mongo_audit import MongoAuditEntries
from services.auth.adapters.mongo_audit_chain import MongoAuditChain
from services.auth.adapters.mongo_sessions import SESSIONS, MongoSessions
from services.auth.adapters.mongo_users import MongoUsers
from services.auth.adapters.redis_failed_logins import RedisFailedLogins, lockout_client
from services.auth.adapters.signing_keys import SigningKeys
from services.auth.adapters.waiting_line import BoundedLine
from services.auth.api.api_key_routes import build_api_key_router
from services.auth.api.audit_routes import add_refusals_route, build_audit_router
from services.auth.api.internal_routes import build_internal_router
from services.auth.api.routes import build_router
from services.auth.background import audit_duties, duties
from services.auth.bootstrap import Bootstrap
from services.auth.consumers import attach_audit
from services.auth.settings import AuthSettings
from services.auth.use_cases.authenticate import Authenticate
from services.auth.use_cases.create_api_key import CreateApiKey
from services.auth.use_cases.forget_expired_sessions import ForgetExpiredSessions
from services.auth.use_cases.list_api_keys import ListApiKeys
from services.auth.use_cases.list_audit import ListAudit
from services.auth.use_cases.list_revocations import ListRevocations
from services.auth.use_cases.log_in import LogIn
from services.auth.use_cases.log_out import LogOut
from services.auth.use_cases.record_audited_event import RecordAuditedEvent
from services.auth.use_cases.record_failed_login import RecordFailedLogin
from services.auth.use_cases.record_key_use import RecordKeyUse
from services.auth.use_cases.record_refusals import RecordRefusals
from services.auth.use_cases.refresh_tokens import RefreshTokens
from services.auth.use_cases.remove_old_audit import RemoveOldAudit
from services.auth.use_cases.reveal_api_key import RevealApiKey
from services.auth.use_cases.revoke_api_key import RevokeApiKey
from services.auth.use_cases.revoke_session import RevokeSession
from services.auth.use_cases.seal_audit import SealAudit
from services.auth.use_cases.verify_api_key import VerifyApiKey
from services.auth.use_cases.verify_audit import VerifyAudit
from shared.kernel.errors import Unavailable
from shared.web import ContractRouter, create_service_app
from shared.web.idempotency import IdempotentResponses
from shared.web.periodic import Duty, running
from shared.web.runtime import Runtime

OUTBOX_COLLECTIONS: Final = (SESSIONS, API_KEYS)
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
    for router in (_auth_router(parts), _api_key_router(parts), _audit_router(parts), _internal_router(parts)):
        app.include_router(router)
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
        self.users = MongoUsers(runtime.store)
        self.sessions = MongoSessions(runtime.store, runtime.relay)
        self.api_keys = MongoApiKeys(runtime.store, runtime.relay)
        self.audit_entries = MongoAuditEntries(runtime.store)
        self.audit_chain = MongoAuditChain(runtime.store)
        self.record_use = RecordKeyUse(api_keys=self.api_keys)
        self.idempotent = IdempotentResponses(runtime.store, runtime.clock, runtime.new_id)
        self.bootstrap = Bootstrap(runtime.store, settings, self.passwords, runtime.clock)


def _failed_logins(settings: AuthSettings, runtime: Runtime) -> RedisFailedLogins | MemoryFailedLogins:
    """Redis where an URL is given, else this process's memory."""
    url = settings.redis_url.get_secret_value()
    if url:
        return RedisFailedLogins(lockout_client(url), settings.lockout, prefix=settings.redis_prefix)
    return MemoryFailedLogins(settings.lockout, runtime.clock)


def _auth_router(parts: _Parts) -> ContractRouter:
    settings, runtime = parts.settings, parts.runtime
    line = BoundedLine(at_once=settings.password_hashes_at_once, max_waiting=settings.logins_waiting)
    authenticate = Authenticate(
        users=parts.users,
        failed_logins=parts.failed_logins,
        passwords=parts.passwords,
        line=line,
        new_id=runtime.new_id,
    )
    log_in = LogIn(
        authenticate=authenticate,
        record_failed_login=RecordFailedLogin(
            users=parts.users, entries=parts.audit_entries, clock=runtime.clock, new_id=runtime.new_id
        ),
        sessions=parts.sessions,
        tokens=parts.tokens,
        lifetimes=settings.lifetimes,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    revoke_session = RevokeSession(sessions=parts.sessions, clock=runtime.clock, new_id=runtime.new_id)
    refresh_tokens = RefreshTokens(
        users=parts.users,
        sessions=parts.sessions,
        revoke_session=revoke_session,
        tokens=parts.tokens,
        lifetimes=settings.lifetimes,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    return build_router(
        log_in=log_in,
        refresh_tokens=refresh_tokens,
        log_out=LogOut(revoke_session=revoke_session),
        dev_mode=settings.dev_mode,
    )


def _api_key_router(parts: _Parts) -> ContractRouter:
    runtime, api_keys = parts.runtime, parts.api_keys
    key_secrets = DerivedSecrets(parts.settings.signing_seed)
    create = CreateApiKey(api_keys=api_keys, key_secrets=key_secrets, clock=runtime.clock, new_id=runtime.new_id)
    return build_api_key_router(
        create_api_key=create,
        reveal_api_key=RevealApiKey(api_keys=api_keys, key_secrets=key_secrets),
        list_api_keys=ListApiKeys(api_keys=api_keys),
        revoke_api_key=RevokeApiKey(api_keys=api_keys, clock=runtime.clock, new_id=runtime.new_id),
        idempotent=parts.idempotent,
        clock=runtime.clock,
    )


def _audit_router(parts: _Parts) -> ContractRouter:
    entries = parts.audit_entries
    return build_audit_router(
        list_audit=ListAudit(entries), verify_audit=VerifyAudit(entries=entries, chain=parts.audit_chain)
    )


def _internal_router(parts: _Parts) -> ContractRouter:
    clock = parts.runtime.clock
    router = build_internal_router(
        verify_api_key=VerifyApiKey(api_keys=parts.api_keys, record_use=parts.record_use, clock=clock),
        list_revocations=ListRevocations(sessions=parts.sessions, api_keys=parts.api_keys, clock=clock),
        jwks=parts.keys.as_jwks(),
    )
    add_refusals_route(router, RecordRefusals(parts.audit_entries))
    return router


def _lifespan(parts: _Parts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    forget = ForgetExpiredSessions(sessions=parts.sessions, clock=parts.runtime.clock)
    flush_seconds = parts.settings.api_key_use_flush_seconds
    timed = duties(forget, parts.record_use, parts.idempotent, flush_seconds=flush_seconds) + _audit_duties(parts)
    # Events may wait for company; nobody waits for them.
    linger_seconds = parts.settings.event_linger_seconds
    record_event = RecordAuditedEvent(MongoAuditEntries(parts.runtime.store, linger_seconds=linger_seconds))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(parts.passwords.close)
            if isinstance(parts.failed_logins, RedisFailedLogins):
                stack.push_async_callback(parts.failed_logins.close)
            stack.push_async_callback(_store_last_uses, parts.record_use)
            await attach_audit(parts.runtime.bus, record_event)
            await stack.enter_async_context(running(timed, parts.runtime.registry))
            await stack.enter_async_context(_in_background(parts.bootstrap))
            yield

    return lifespan


def _audit_duties(parts: _Parts) -> list[Duty]:
    entries, chain, clock = parts.audit_entries, parts.audit_chain, parts.runtime.clock
    seal = SealAudit(entries=entries, chain=chain, clock=clock)
    keep_ms = parts.settings.audit_retention_ms
    return audit_duties(seal, RemoveOldAudit(entries=entries, chain=chain, clock=clock, keep_ms=keep_ms))


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
