"""Who calls and what is called about: each thing is made when a row first names it, through the API itself."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from uuid import uuid4

from tests.support import workflows
from tests.support.api import Api, Json, RobotApi, UserApi, log_in
from tests.support.contract.endpoint import ROLES, Who
from tests.support.forged_tokens import token_like
from tests.support.system import ENDED, System

PASSWORD: Final = "a password that is long enough"
_NAME: Final = re.compile(r"\{(\w+)\}")


class Cast:
    """One of everything a row names, in an environment of its own, for one tenant."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.mark = secrets.token_hex(4)
        self.environment = f"env-{self.mark}"
        self.foreign_tenant = f"elsewhere-{secrets.token_hex(4)}"
        self._things: dict[str, str] = {"environment": self.environment, "mark": self.mark, "password": PASSWORD}
        self._clients: dict[Who, Api] = {"admin": system.admin}
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        async with self._exit:
            for name in ("workflow", "other_workflow"):
                if name in self._things:
                    await self._leave_nothing_of(self._things[name])

    async def _leave_nothing_of(self, workflow_id: str) -> None:
        """What would go on running or firing would be in the way of other tests."""
        admin = self.system.admin
        await admin.request("DELETE", f"/workflows/{workflow_id}")  # with its schedules; 404 when a row deleted it
        page = await admin.call("GET", "/jobs", params={"workflow_id": workflow_id, "limit": 500})
        for job in page["jobs"]:
            if job["status"] not in ENDED:
                await admin.cancel(job["job_id"])

    async def client(self, who: Who) -> Api:
        """The caller's client."""
        if who not in self._clients:
            self._clients[who] = await self._exit.enter_async_context(await self._make_client(who))
        return self._clients[who]

    async def thing(self, name: str) -> str:
        """The id (token, secret, time …) that `{name}` stands for."""
        if name not in self._things:
            make: Callable[[], Awaitable[str]] = getattr(self, f"_make_{name}")
            made = await make()
            self._things.setdefault(name, made)
        return self._things[name]

    @property
    def made(self) -> dict[str, str]:
        """Every thing made so far."""
        return dict(self._things)

    async def filled(self, template: Any) -> Any:
        """`template` with its names replaced by things; one that is a name and no more keeps the thing's type."""
        if isinstance(template, str):
            for name in dict.fromkeys(_NAME.findall(template)):
                template = template.replace(f"{{{name}}}", await self.thing(name))
            return template
        if isinstance(template, dict):
            return {name: await self.filled(value) for name, value in template.items()}
        if isinstance(template, list | tuple):
            return [await self.filled(value) for value in template]
        return template

    async def _make_client(self, who: Who) -> Api:
        base_url, token = self.system.base_url, self.system.access_token
        if who in ROLES:
            return UserApi(base_url, token_like(token, sub=f"{who}-{self.mark}", roles=[who]))
        if who == "foreigner":
            return UserApi(base_url, token_like(token, sub=f"ella-{self.mark}", tid=self.foreign_tenant))
        if who == "session":
            return UserApi(base_url, await self.thing("session_token"))
        if who == "nobody":
            return Api(base_url)
        if who == "foreign_enrolment":
            foreigner = await self.client("foreigner")
            assert isinstance(foreigner, UserApi)
            return Api(base_url, {"X-Api-Key": await foreigner.create_key(f"foreign {self.mark}")})
        if who == "enrolment":
            return Api(base_url, {"X-Api-Key": await self.system.admin.create_key(f"enrolment {self.mark}")})
        return RobotApi(base_url, await self.thing(who), await self.thing(f"{who}_key"))

    async def _admin(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        return await self.system.admin.call(method, await self.filled(path), await self.filled(body), **options)

    async def _make_unknown(self) -> str:
        return str(uuid4())

    async def _make_workflow(self) -> str:
        return str((await self._submit(f"Workflow {self.mark}"))["workflow_id"])

    async def _make_other_workflow(self) -> str:
        return str((await self._submit(f"Other {self.mark}"))["workflow_id"])

    async def _submit(self, name: str) -> Json:
        return await self.system.admin.submit(name, workflows.nothing(), trigger_type="webhook")

    async def _make_robot_key(self) -> str:
        return await self.system.admin.create_key(f"robot {self.mark}", robot_id=f"robot-{self.mark}")

    async def _make_other_robot_key(self) -> str:
        return await self.system.admin.create_key(f"other {self.mark}", robot_id=f"other-{self.mark}")

    async def _make_robot(self) -> str:
        return await self._register(f"robot-{self.mark}", await self.thing("robot_key"))

    async def _make_other_robot(self) -> str:
        return await self._register(f"other-{self.mark}", await self.thing("other_robot_key"))

    async def _register(self, robot_id: str, api_key: str) -> str:
        async with RobotApi(self.system.base_url, robot_id, api_key) as robot:
            await robot.register(environment=self.environment, max_concurrent_jobs=50, tags=["contract"])
        return robot_id

    async def _job(self, **fields: Any) -> str:
        """In an environment without robots, unless given another."""
        body = {"workflow_id": "{workflow}", "environment": f"nobody-{self.mark}", **fields}
        return str((await self._admin("POST", "/jobs", body))["job_id"])

    async def _make_pending(self) -> str:
        return await self._job()

    async def _make_delayed(self) -> str:
        return await self._job(run_at=await self.thing("tomorrow"))

    async def _make_tomorrow(self) -> str:
        return (datetime.now(UTC) + timedelta(days=1)).isoformat()

    async def _make_held(self) -> str:
        return await self._claimed()

    async def _claimed(self, **fields: Any) -> str:
        await self.thing("robot")
        job_id = await self._job(environment=self.environment, **fields)
        robot = await self.client("robot")
        assert isinstance(robot, RobotApi)
        job = await robot.claim(lease_seconds=600)
        while job is not None and job["job_id"] != job_id:  # a retry that an earlier call made
            job = await robot.claim(lease_seconds=600)
        assert job is not None
        self._things["lease"] = job["lease_token"]
        return job_id

    async def _make_lease(self) -> str:
        await self.thing("held")
        return self._things["lease"]

    async def _make_completed(self) -> str:
        job_id = await self._claimed()
        await (await self.client("robot")).call("POST", f"/jobs/{job_id}/complete", {"result": {"rows": 3}})
        return job_id

    async def _make_failed(self) -> str:
        job_id = await self._claimed(max_attempts=1)
        failure = {"error_message": "The button is gone.", "error_type": "SELECTOR_NOT_FOUND"}
        await (await self.client("robot")).call("POST", f"/jobs/{job_id}/fail", failure)
        return job_id

    async def _make_dead(self) -> str:
        return await self.thing("failed")

    async def _make_logged(self) -> str:
        job_id = await self.thing("held")
        line = {"level": "info", "message": "Opening the portal", "node_id": "node-1"}
        await (await self.client("robot")).call("POST", f"/jobs/{job_id}/logs", {"logs": [line]})
        return job_id

    async def _make_schedule(self) -> str:
        return await self._schedule(enabled=True)

    async def _make_disabled_schedule(self) -> str:
        return await self._schedule(enabled=False)

    async def _schedule(self, *, enabled: bool) -> str:
        body = {"workflow_id": "{workflow}", "schedule_name": f"Yearly {self.mark}", "cron_expression": "@yearly"}
        return str((await self._admin("POST", "/schedules", {**body, "enabled": enabled}))["schedule_id"])

    async def _make_key(self) -> str:
        created = await self._admin("POST", "/robot-api-keys", {"name": f"key {self.mark}"})
        return str(created["key"]["id"])

    async def _make_webhook(self) -> str:
        made = await self._admin("POST", "/workflows/{workflow}/webhooks", {"name": f"hook {self.mark}"})
        self._things |= {"webhook_token": made["token"], "webhook_secret": made["secret"]}
        return str(made["webhook_id"])

    async def _make_webhook_token(self) -> str:
        await self.thing("webhook")
        return self._things["webhook_token"]

    async def _make_delivery(self) -> str:
        return f"delivery-{secrets.token_hex(8)}"

    async def _make_now(self) -> str:
        return str(int(time.time()))

    async def _make_signature(self) -> str:
        """Of the body `{"order": 7}`, as its sender would sign it (Standard Webhooks)."""
        await self.thing("webhook")
        key = base64.b64decode(self._things["webhook_secret"].removeprefix("whsec_"))
        body = json.dumps({"order": 7}, separators=(",", ":"))
        signed = f"{await self.thing('delivery')}.{await self.thing('now')}.{body}".encode()
        return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()

    async def _make_user(self) -> str:
        return await self._user(f"user-{self.mark}")

    async def _make_session_user(self) -> str:
        return await self._user(f"session-{self.mark}")

    async def _user(self, username: str) -> str:
        await self._admin("POST", "/users", {"username": username, "password": PASSWORD, "role": "operator"})
        return username

    async def _make_session_token(self) -> str:
        tokens = await log_in(self.system.base_url, await self.thing("session_user"), PASSWORD)
        self._things["refresh_token"] = tokens["refresh_token"]
        return str(tokens["access_token"])

    async def _make_refresh_token(self) -> str:
        await self.thing("session_token")
        return self._things["refresh_token"]

    async def _make_member(self) -> str:
        path = "/tenants/{tenant}/members/{user}"
        await self._admin("PUT", path, {"role": "viewer"})
        return await self.thing("user")

    async def _make_tenant(self) -> str:
        tenant_id = f"tenant-{self.mark}"
        await self._admin("POST", "/tenants", {"tenant_id": tenant_id, "name": f"Tenant {self.mark}"})
        return tenant_id
