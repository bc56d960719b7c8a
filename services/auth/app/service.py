"""The application, and what runs beside its routes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

import structlog
from fastapi import FastAPI

from services.auth.adapters.mongo_api_keys import API_KEYS
from services.auth.adapters.mongo_audit import MongoAuditEntries
from services.auth.adapters.mongo_sessions import SESSIONS
from services.auth.adapters.mongo_tenants import TENANTS
from services.auth.adapters.mongo_users import USERS
from services.auth.adapters.redis_failed_logins import RedisFailedLogins
from services.auth.app.parts import Parts
from services.auth.app.routers import BUILDERS
from services.auth.background import audit_duties, duties
from services.auth.bootstrap import Bootstrap
from services.auth.consumers import attach_audit, attach_deleted_robots, attach_ended_sessions
from services.auth.settings import AuthSettings
from services.auth.use_cases.forget_deleted_users import ForgetDeletedUsers
from services.auth.use_cases.forget_expired_sessions import ForgetExpiredSessions
from services.auth.use_cases.record_audited_event import RecordAuditedEvent
from services.auth.use_cases.record_key_use import RecordKeyUse
from services.auth.use_cases.remove_old_audit import RemoveOldAudit
from services.auth.use_cases.revoke_keys_of_robot import RevokeKeysOfRobot
from services.auth.use_cases.seal_audit import SealAudit
from shared.kernel.errors import Unavailable
from shared.web import create_service_app
from shared.web.periodic import Duty, running
from shared.web.runtime import Runtime

OUTBOX_COLLECTIONS: Final = (SESSIONS, API_KEYS, USERS, TENANTS)
"""Whose outboxes this service fills."""

_log: Final = structlog.get_logger(__name__)


def create_app(settings: AuthSettings, runtime: Runtime) -> FastAPI:
    """The auth service. Its lifespan prepares the store and runs the duties; the process opens the runtime.

    Redis is not part of readiness: without it logins are refused, while keys must still be verified (faults 10).
    """
    parts = Parts(settings, runtime)
    app = create_service_app(
        name="auth",
        title="Casare auth",
        registry=runtime.registry,
        tokens=runtime.tokens,
        checks={"store": runtime.store.ping, "bus": runtime.bus.check, "bootstrap": parts.bootstrap.check},
        lifespan=_lifespan(parts),
    )
    for build in BUILDERS:
        app.include_router(build(parts))
    return app


def _lifespan(parts: Parts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    forget = ForgetExpiredSessions(sessions=parts.sessions, clock=parts.runtime.clock)
    flush_seconds = parts.settings.api_key_use_flush_seconds
    forget_users = ForgetDeletedUsers(users=parts.users, clock=parts.runtime.clock)
    timed = duties(forget, forget_users, parts.record_use, parts.idempotent, flush_seconds=flush_seconds)
    timed += _audit_duties(parts)
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
            await _attach_consumers(parts)
            await attach_audit(parts.runtime.bus, record_event)
            await stack.enter_async_context(running(timed, parts.runtime.registry))
            await stack.enter_async_context(_in_background(parts.bootstrap))
            yield

    return lifespan


async def _attach_consumers(parts: Parts) -> None:
    revoke_keys = RevokeKeysOfRobot(api_keys=parts.api_keys, revoke_api_key=parts.revoke_api_key)
    await attach_deleted_robots(parts.runtime.bus, revoke_keys)
    await attach_ended_sessions(parts.runtime.bus, parts.end_sessions)


def _audit_duties(parts: Parts) -> list[Duty]:
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
