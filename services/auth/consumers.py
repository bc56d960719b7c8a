"""Event type → use case. Shared subscriptions: one replica handles each event, and repeats change nothing."""

from typing import Final

from services.auth.use_cases.revoke_keys_of_robot import RevokeKeysOfRobot
from shared.events import CloudEvent
from shared.events.robots import RobotDeleted
from shared.messaging import Bus, Consumer, EventHandler, Subscription

DELETED_ROBOTS: Final = Subscription("auth.deleted_robots", (RobotDeleted.TYPE,))


async def attach_deleted_robots(bus: Bus, revoke_keys_of_robot: RevokeKeysOfRobot) -> None:
    """End the keys of robots that were deleted."""

    async def revoke(event: CloudEvent) -> None:
        deleted = event.data_as(RobotDeleted)
        await revoke_keys_of_robot(tenant_id=event.tenantid, robot_id=deleted.robot_id, deleted_ms=event.timems)

    handlers: dict[str, EventHandler] = {RobotDeleted.TYPE: revoke}
    await Consumer(handlers).attach(bus, DELETED_ROBOTS)
