"""Robots, read only; the dispatcher owns them."""

from collections.abc import Sequence

import msgspec

from services.metrics.adapters.brief_memory import BriefMemory
from services.metrics.domain.fleet import Robot
from shared.jobs.fleet import ROBOTS, robot_document_id
from shared.kernel.clock import Clock
from shared.storage import Collection, Document, Store

_FIELDS = tuple(field.encode_name for field in msgspec.structs.fields(Robot))


class MongoFleet:
    """`Fleet`; lists are at most a second old."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._robots = Collection(store, ROBOTS)
        self._of_tenant = BriefMemory(self._read_tenant, clock)
        self._of_all = BriefMemory(self._read_all, clock)

    async def of_tenant(self, tenant_id: str) -> Sequence[Robot]:
        return await self._of_tenant.get(tenant_id)

    async def of_tenant_now(self, tenant_id: str) -> Sequence[Robot]:
        return await self._read_tenant(tenant_id)

    async def of_all(self) -> Sequence[Robot]:
        return await self._of_all.get(None)

    async def get(self, tenant_id: str, robot_id: str) -> Robot | None:
        document = await self._robots.get(robot_document_id(tenant_id, robot_id))
        if document is None or document["tenant_id"] != tenant_id:
            return None
        robot = _robot(document)
        return robot if robot.deleted_ms is None else None

    async def _read_tenant(self, tenant_id: str) -> Sequence[Robot]:
        return await self._read({"tenant_id": tenant_id})

    async def _read_all(self, _: None) -> Sequence[Robot]:
        return await self._read({})

    async def _read(self, query: Document) -> Sequence[Robot]:
        found = map(_robot, await self._robots.find(query, fields=_FIELDS))
        registered = [robot for robot in found if robot.deleted_ms is None]
        return sorted(registered, key=lambda robot: (robot.tenant_id, robot.robot_id))


def _robot(document: Document) -> Robot:
    return msgspec.convert(document, Robot, strict=False)
