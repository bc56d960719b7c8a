"""Event type → use case. Shared subscriptions: one replica handles each event, and repeats change nothing."""

from typing import Final

from services.auth.domain.session import TENANT_DISABLED, USER_CHANGED, USER_DELETED
from services.auth.use_cases.end_sessions import EndSessions
from services.auth.use_cases.record_audited_event import RecordAuditedEvent
from services.auth.use_cases.revoke_keys_of_robot import RevokeKeysOfRobot
from shared.events import CloudEvent
from shared.events.auth import TenantUpdated, UserDeleted, UserUpdated
from shared.events.robots import RobotDeleted
from shared.messaging import Bus, Consumer, EventHandler, Subscription

ENDED_SESSIONS: Final = Subscription("auth.ended_sessions", (UserUpdated.TYPE, UserDeleted.TYPE, TenantUpdated.TYPE))
"""Our own events: what ends sessions is stored first, and the event makes sure that they do end."""
AUDIT: Final = Subscription("auth.audit", ("#",), prefetch=256)
DELETED_ROBOTS: Final = Subscription("auth.deleted_robots", (RobotDeleted.TYPE,))


async def attach_deleted_robots(bus: Bus, revoke_keys_of_robot: RevokeKeysOfRobot) -> None:
    """End the keys of robots that were deleted."""

    async def revoke(event: CloudEvent) -> None:
        deleted = event.data_as(RobotDeleted)
        await revoke_keys_of_robot(tenant_id=event.tenantid, robot_id=deleted.robot_id, deleted_ms=event.timems)

    handlers: dict[str, EventHandler] = {RobotDeleted.TYPE: revoke}
    await Consumer(handlers).attach(bus, DELETED_ROBOTS)


async def attach_ended_sessions(bus: Bus, end_sessions: EndSessions) -> None:
    """End the sessions of users who changed or left, and of tenants that were disabled."""

    async def on_user_updated(event: CloudEvent) -> None:
        updated = event.data_as(UserUpdated)
        if updated.ends_sessions:
            await end_sessions.of_user(
                user_id=updated.user_id,
                tenant_id=None if updated.password_changed else event.tenantid,  # a password opens every tenant
                before_version=event.aggregateversion,
                reason=USER_CHANGED,
                except_session=updated.kept_session_id,
            )

    async def on_user_deleted(event: CloudEvent) -> None:
        await end_sessions.of_user(
            user_id=event.data_as(UserDeleted).user_id,
            tenant_id=event.tenantid,
            before_version=event.aggregateversion,
            reason=USER_DELETED,
        )

    async def on_tenant_updated(event: CloudEvent) -> None:
        if event.data_as(TenantUpdated).disabled:
            await end_sessions.of_tenant(tenant_id=event.tenantid, until_ms=event.timems, reason=TENANT_DISABLED)

    handlers: dict[str, EventHandler] = {
        UserUpdated.TYPE: on_user_updated,
        UserDeleted.TYPE: on_user_deleted,
        TenantUpdated.TYPE: on_tenant_updated,
    }
    await Consumer(handlers).attach(bus, ENDED_SESSIONS)


async def attach_audit(bus: Bus, record: RecordAuditedEvent) -> None:
    """Start keeping events in the audit."""

    async def on_event(event: CloudEvent) -> None:
        await record(event)

    await Consumer({}, otherwise=on_event).attach(bus, AUDIT)
