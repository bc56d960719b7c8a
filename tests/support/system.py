"""A deployment as one test uses it: clients in the test's event loop, and robots that end with the test."""

import secrets
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Self

from tests.support.api import Json, RobotApi, UserApi, log_in
from tests.support.children import Children
from tests.support.deployment import ADMIN_PASSWORD, Deployment, environment
from tests.support.eventually import eventually
from tests.support.processes import ChildProcess
from tests.support.run import ROOT

PATIENCE_SECONDS: Final = 20
"""For what should take a moment: these tests share two cores with many processes."""
ENDED: Final = frozenset({"completed", "failed", "cancelled", "timeout"})
ROBOTS_ENVIRONMENT: Final = "lan"
"""Robots of this environment take jobs of execution mode `lan` (clarifications 14): what other tests leave for
`internet` stays out of their way."""
EVERY_MINUTE: Final = "Every minute"
"""The workflow whose schedules go on in a breakable deployment."""
_ROBOT_SETTINGS: Final = {
    "CASARE_ROBOT_ENVIRONMENT": ROBOTS_ENVIRONMENT,
    "CASARE_ROBOT_VISIBILITY_TIMEOUT_SECONDS": "5",
    "CASARE_ROBOT_HEARTBEAT_INTERVAL_SECONDS": "0.5",
    "CASARE_ROBOT_PROGRESS_INTERVAL_SECONDS": "0.1",
    "CASARE_ROBOT_WAIT_SECONDS": "5",
    "CASARE_ROBOT_GRACE_SECONDS": "0.5",
}


ROBOT_COMMAND: Final = (sys.executable, "-m", "cli.main", "robot", "run")


class System:
    """The deployment, its admin, and what a test makes in it; unfinished jobs of the test are cancelled at its end."""

    def __init__(self, deployment: Deployment, children: Children, folder: Path) -> None:
        self.deployment = deployment
        self._children = children
        self._folder = folder
        self._clients = AsyncExitStack()
        self._submitted: list[str] = []

    @property
    def base_url(self) -> str:
        return self.deployment.base_url

    async def __aenter__(self) -> Self:
        self.access_token: str = (await log_in(self.base_url, "admin", ADMIN_PASSWORD))["access_token"]
        self.admin = await self._clients.enter_async_context(UserApi(self.base_url, self.access_token))
        return self

    async def __aexit__(self, error_type: type[BaseException] | None, *_error: object) -> None:
        async with self._clients:
            for job_id in self._submitted:
                if (await self.admin.job(job_id))["status"] not in ENDED:
                    await self.admin.cancel(job_id)

    async def submit(self, name: str, workflow_json: Json, **fields: Any) -> Json:
        """As `UserApi.submit`, by the admin."""
        submitted = await self.admin.submit(name, workflow_json, **fields)
        if submitted["job_id"] is not None:
            self.submitted(submitted["job_id"])
        return submitted

    def submitted(self, job_id: str) -> None:
        """The job is one of this test's: it is cancelled at the end unless it has ended."""
        self._submitted.append(job_id)

    async def robot(self, name: str, *, base_url: str | None = None, **fields: Any) -> RobotApi:
        """A registered robot with a key bound to it, its id beginning with `name`."""
        robot_id = f"{name}-{secrets.token_hex(3)}"
        api_key = await self.admin.create_key(robot_id, robot_id=robot_id)
        async with RobotApi(self.base_url, robot_id, api_key) as direct:
            await direct.register(**{"environment": ROBOTS_ENVIRONMENT, **fields})
        return await self._clients.enter_async_context(RobotApi(base_url or self.base_url, robot_id, api_key))

    async def robot_process(
        self, name: str, workdir: Path | None = None, *, command: Sequence[str] = ROBOT_COMMAND, **more: str
    ) -> tuple[str, ChildProcess]:
        """The id and process of a real robot with one slot, started; `workdir` holds the files of its workflows.

        `more` are further settings, without `CASARE_ROBOT_`.
        """
        robot_id = f"{name}-{secrets.token_hex(3)}"
        settings = {
            **_ROBOT_SETTINGS,
            "CASARE_ROBOT_URL": self.base_url,
            "CASARE_ROBOT_ID": robot_id,
            "CASARE_ROBOT_API_KEY": await self.admin.create_key(robot_id, robot_id=robot_id),
            "CASARE_ROBOT_WORKDIR": str(workdir or self._folder),
            **{f"CASARE_ROBOT_{setting}": value for setting, value in more.items()},
        }
        return robot_id, self._children.start(command, name=robot_id, env=environment(settings), cwd=ROOT)

    async def job_in(self, job_id: str, *statuses: str, timeout_seconds: float = PATIENCE_SECONDS) -> Json:
        """The job once its status is one of these; fails at once when it has ended otherwise."""

        async def reached() -> Json | None:
            job = await self.admin.job(job_id)
            if job["status"] in statuses:
                return job
            if job["status"] in ENDED:
                raise EndedOtherwise(f"{job['status']}: {job['error_message']}")
            return None

        because = f"job {job_id} should become {' or '.join(statuses)}"
        return await eventually(reached, timeout_seconds=timeout_seconds, because=because)


class EndedOtherwise(Exception):
    """A job ended in another state than the test waits for."""
