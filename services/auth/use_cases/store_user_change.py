"""Storing a change of a user, with all that follows from it."""

from dataclasses import dataclass
from typing import Final

import structlog

from services.auth.domain.user import User
from services.auth.ports import Users
from services.auth.use_cases.end_sessions import EndSessions
from services.auth.use_cases.keep_an_admin import KeepAnAdmin
from shared.events import CloudEvent, EventData, wrap
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.ids import NewId

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A user before and after a change in one tenant, and what it is announced as."""

    before: User
    after: User
    tenant_id: str
    announced: EventData
    ends_sessions_because: str | None = None
    """None: sessions go on."""


class StoreUserChange:
    """One guarded write of the user and its event; then the sessions that it ended are ended at once.

    Dying between the two, or without a store, is made good by the event: the service hears it itself and ends them
    (`consumers.py`). Meanwhile none of them can be refreshed, because the user's document says they are over.
    """

    def __init__(
        self, *, users: Users, keep_an_admin: KeepAnAdmin, end_sessions: EndSessions, clock: Clock, new_id: NewId
    ) -> None:
        self._users = users
        self._keep_an_admin = keep_an_admin
        self._end_sessions = end_sessions
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, change: PlannedChange) -> bool:
        """Whether it is stored; False when the user changed meanwhile. Raises `LastAdmin`."""
        if not await self._write(change):
            return False
        _log.info("user_changed", user_id=change.after.user_id, event_type=change.announced.TYPE)
        if change.ends_sessions_because is not None:
            await self._end(change, change.ends_sessions_because)
        return True

    async def _write(self, change: PlannedChange) -> bool:
        before, after, tenant_id = change.before, change.after, change.tenant_id
        event = self._event(change)
        if not before.is_admin_of(tenant_id) or after.is_admin_of(tenant_id):
            return await self._users.change(before, after, event)
        async with self._keep_an_admin.without(before.user_id, tenant_id):
            return await self._users.change(before, after, event)

    async def _end(self, change: PlannedChange, reason: str) -> None:
        user_id, version = change.after.user_id, change.after.version
        try:
            await self._end_sessions.of_user(
                user_id=user_id, tenant_id=change.tenant_id, before_version=version, reason=reason
            )
        except Unavailable as error:
            _log.warning("sessions_end_with_the_event", user_id=user_id, reason=error.detail)

    def _event(self, change: PlannedChange) -> CloudEvent:
        return wrap(
            change.announced,
            event_id=self._new_id(),
            subject=change.after.user_id,
            tenant_id=change.tenant_id,
            version=change.after.version,
            at_ms=self._clock.now_ms(),
        )
