"""Requests that must be refused, what refuses them, and that nothing came of them."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import uuid4

import httpx

from tests.support import workflows
from tests.support.api import API, Api, Json
from tests.support.eventually import eventually
from tests.support.forged_tokens import token_like
from tests.support.problems import problem_faults
from tests.support.system import PATIENCE_SECONDS, System

Who = Literal["admin", "developer", "viewer", "operator", "elsewhere", "robot", "other_robot", "enrolment", "nobody"]
_NOT_SENT: Final = object()
_NAME: Final = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Bad:
    """A request and its refusal. Names in braces in path and body stand for what is in `Stage.things`.

    `who` sends it: users of the tenant, the admin of another tenant (`elsewhere`), the robot that holds `{held}`,
    another robot, an enrolment key's holder, or somebody without a credential. `field` must be among the errors.
    """

    method: str
    path: str
    status: int
    code: str
    body: Any = _NOT_SENT
    who: Who = "admin"
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    names: str | None = None

    def __str__(self) -> str:
        sent = self.raw if self.body is _NOT_SENT else self.body
        return (
            f"{self.who}: {self.method} {self.path} {str(sent)[:80] if sent is not None else ''} {self.headers or ''}"
        )


def invalid(method: str, path: str, body: Json, name: str, *values: Any, who: Who = "admin") -> list[Bad]:
    """`body` with each of these values of one field, which must be named in the refusal."""
    return [Bad(method, path, 400, "INVALID_INPUT", {**body, name: value}, who=who, names=name) for value in values]


@dataclass(frozen=True, slots=True)
class Stage:
    """A deployment with one of everything, and who may ask for it."""

    system: System
    clients: dict[Who, Api]
    things: dict[str, str]

    async def refuses(self, rows: Sequence[Bad]) -> None:
        """Sends all; each must be refused as it says, and nothing may have come of any."""
        before = await self._stored()
        wrong = [f"{row}\n    {fault}" for row in rows for fault in await self._faults(row)]
        assert not wrong, "\n" + "\n".join(wrong)
        assert await self._stored() == before

    async def _faults(self, row: Bad) -> list[str]:
        return problem_faults(await self._send(row), row.status, row.code, names=row.names)

    async def _send(self, row: Bad) -> httpx.Response:
        path = _NAME.sub(str(uuid4()), _filled(row.path, self.things))  # what the stage lacks does not exist
        # As it is written: the client would tidy up dots and slashes.
        content: dict[str, Any] = {"headers": row.headers, "extensions": {"target": f"{API}{path}".encode()}}
        if row.body is not _NOT_SENT:
            content["json"] = _filled(row.body, self.things)
        if row.raw is not None:
            content["content"] = row.raw
            content["headers"] = {"content-type": "application/json", **row.headers}
        return await self.clients[row.who].request(row.method, path, **content)

    async def _stored(self) -> Json:
        """All that can be seen of what is stored; telemetry and what time alone changes left out."""
        admin = self.system.admin
        return {
            "jobs": await admin.history(),
            "held": await admin.job(self.things["held"]),
            "waiting": await admin.job(self.things["waiting"]),
            "robots": [{**robot, "status": None, "last_seen": None} for robot in await admin.robots()],
            "schedules": await admin.call("GET", "/schedules", params={"limit": 1000}),
            "keys": [(key["id"], key["status"]) for key in (await admin.call("GET", "/robot-api-keys"))["keys"]],
            "workflows": await self._n_workflows(),
        }

    async def _n_workflows(self) -> int:
        """How many were ever created but for the ones made here: they end the wait for events still on their way."""
        marker = await self.system.submit(f"marker {uuid4()}", workflows.nothing(), trigger_type="webhook")

        async def announced() -> bool:
            created = await self.system.admin.activity(event_type="workflow_created", limit="5")
            return any(event["data"]["workflow_id"] == marker["workflow_id"] for event in created)

        await eventually(announced, timeout_seconds=PATIENCE_SECONDS)
        page = await self.system.admin.call("GET", "/metrics/activity", params={"event_type": "workflow_created"})
        self.things["n_markers"] = str(int(self.things.get("n_markers", "0")) + 1)
        n_workflows: int = page["total"]
        return n_workflows - int(self.things["n_markers"])


def _filled(template: Any, things: dict[str, str]) -> Any:
    if isinstance(template, str):
        for name, value in things.items():
            template = template.replace(f"{{{name}}}", value)
    elif isinstance(template, dict):
        return {name: _filled(value, things) for name, value in template.items()}
    return template


@asynccontextmanager
async def stage_on(system: System) -> AsyncIterator[Stage]:
    """One of everything, and a client for everyone."""
    robot, other_robot = await system.robot("asked", max_concurrent_jobs=2), await system.robot("other")
    held = await system.submit("Held", workflows.nothing())
    claimed = await robot.claim(lease_seconds=600)
    assert claimed is not None
    assert claimed["job_id"] == held["job_id"]
    waiting = await system.submit("Waiting", workflows.nothing(), priority=20)
    body = {"workflow_id": held["workflow_id"], "schedule_name": "Never", "cron_expression": "0 0 30 2 1"}
    schedule = await system.admin.call("POST", "/schedules", {**body, "cron_expression": "@yearly", "enabled": False})
    token = system.access_token
    enrolment = await system.admin.create_key("enrolment", environment="lan")
    key = (await system.admin.call("GET", "/robot-api-keys", params={"robot_id": robot.robot_id}))["keys"][0]
    async with (
        _user(system, token_like(token, sub="vera", roles=["viewer"])) as viewer,
        _user(system, token_like(token, sub="otto", roles=["operator"])) as operator,
        _user(system, token_like(token, sub="dora", roles=["developer"])) as developer,
        _user(system, token_like(token, sub="ella", tid="elsewhere")) as elsewhere,
        Api(system.base_url, {"X-Api-Key": enrolment}) as enroller,
        Api(system.base_url) as nobody,
    ):
        clients: dict[Who, Api] = {
            "admin": system.admin,
            "viewer": viewer,
            "operator": operator,
            "developer": developer,
            "elsewhere": elsewhere,
            "robot": robot,
            "other_robot": other_robot,
            "enrolment": enroller,
            "nobody": nobody,
        }
        things = {
            "workflow": held["workflow_id"],
            "held": held["job_id"],
            "waiting": waiting["job_id"],
            "schedule": schedule["schedule_id"],
            "robot": robot.robot_id,
            "other_robot": other_robot.robot_id,
            "key": key["id"],
            "unknown": str(uuid4()),
        }
        yield Stage(system, clients, things)


def _user(system: System, token: str) -> Api:
    return Api(system.base_url, {"Authorization": f"Bearer {token}"})
