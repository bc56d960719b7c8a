"""`casare up`: everything on this machine, for a newcomer or a test."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import uvloop

from cli.banner import Banner
from cli.data_folder import DataFolder
from cli.distributed import brokers, service_processes
from cli.embedded import embedded
from cli.embedded_store import embedded_store, is_fresh
from cli.errors import StartError
from cli.local_robot import local_robot
from cli.processes import supervised
from cli.running import announced
from cli.secrets import AdminPassword, admin_password, fill_environment, forget_shown_password
from cli.server import listen, on_signals, serve
from cli.up_settings import Switch, UpSettings
from services.auth.adapters.mongo_users import USERS
from shared.config import SettingsError, load
from shared.kernel.clock import SystemClock
from shared.kernel.tasks import end_tasks
from shared.web.logs import configure_logs
from shared.web.tokens import InternalTokens

EXIT_CANNOT_START: Final = 2
READY_SECONDS: Final = 60.0
PROBE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Installation:
    """What both shapes start from."""

    settings: UpSettings
    folder: DataFolder
    password: AdminPassword
    is_new: bool

    @property
    def base_url(self) -> str:
        """Where people reach the gateway."""
        host = "127.0.0.1" if self.settings.host in ("0.0.0.0", "::") else self.settings.host  # noqa: S104 - compared
        return f"http://{host}:{self.settings.port}"


def main(distributed: bool) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code: 0, or 2 with one clear line when it cannot start."""
    try:
        settings = load(UpSettings)
        configure_logs(settings, "casare")
        folder = DataFolder(settings.data_dir.resolve())
        listener = listen(settings.host, settings.port)
        folder.prepare()
        with folder.locked():
            fill_environment(settings, folder)
            if distributed:
                listener.close()
                uvloop.run(_run_distributed(settings, folder))
            else:
                uvloop.run(_run_embedded(settings, folder, listener))
    except (SettingsError, StartError) as error:
        print(f"casare: {error}", file=sys.stderr)
        return EXIT_CANNOT_START
    return 0


@asynccontextmanager
async def _installation(settings: UpSettings, folder: DataFolder) -> AsyncIterator[_Installation]:
    """The store, running or given, and what is known of the first admin."""
    async with AsyncExitStack() as stack:
        url = settings.mongodb_url.get_secret_value()
        if not url:
            url = await stack.enter_async_context(embedded_store(folder))
            # One flush to disk costs this store more than a whole job; a laptop's battery is its power supply.
            os.environ.setdefault("CASARE_MONGODB_JOURNALED", "false")
        os.environ["CASARE_MONGODB_URL"] = url
        is_new = await is_fresh(url, settings.mongodb_database, USERS)
        password = admin_password(settings, folder) if is_new else AdminPassword("", is_generated=False)
        installation = _Installation(settings, folder, password, is_new)
        stack.enter_context(announced(folder, installation.base_url))
        yield installation


async def _run_embedded(settings: UpSettings, folder: DataFolder, listener: Any) -> None:
    async with AsyncExitStack() as stack:
        installation = await stack.enter_async_context(_installation(settings, folder))
        if installation.is_new:
            os.environ["CASARE_ADMIN_PASSWORD"] = installation.password.value
        running = await stack.enter_async_context(embedded(load(UpSettings)))
        beside = await stack.enter_async_context(AsyncExitStack())

        async def when_listening() -> None:
            async with running.client("auth") as auth:
                await _announce(installation, auth, running.tokens, beside)

        await serve(
            running.gateway,
            listener,
            on_stop=running.drain,
            when_listening=when_listening,
            before_stop=beside.aclose,
        )


async def _run_distributed(settings: UpSettings, folder: DataFolder) -> None:
    stopped = asyncio.Event()
    with on_signals(stopped.set):
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(brokers(folder))
            installation = await stack.enter_async_context(_installation(settings, folder))
            password = installation.password.value
            urls = await stack.enter_async_context(service_processes(settings, folder, password))
            beside = await stack.enter_async_context(AsyncExitStack())
            tokens = InternalTokens(load(UpSettings).internal_key.get_secret_value(), SystemClock())
            auth = await stack.enter_async_context(httpx.AsyncClient(base_url=urls["auth"]))
            announcing = asyncio.create_task(_announce(installation, auth, tokens, beside))
            await stopped.wait()
            await end_tasks([announcing])


async def _announce(
    installation: _Installation, auth: httpx.AsyncClient, tokens: InternalTokens, beside: AsyncExitStack
) -> None:
    """Once everything is ready, start the local robot and print where things are."""
    settings, folder = installation.settings, installation.folder
    await _wait_ready(installation.base_url)
    robot = "off (CASARE_LOCAL_ROBOT=off)"
    if settings.local_robot is Switch.ON:
        spec = await local_robot(settings, folder, auth, tokens, installation.base_url)
        await beside.enter_async_context(supervised(spec))
        robot = f"{settings.local_robot_id} (log: {_shown(spec.log)})"
    admin = installation.password.told(is_new=installation.is_new)
    banner = Banner(installation.base_url, _shown(folder.path), robot, admin)
    print(banner.render(), flush=True)
    forget_shown_password(folder)


def _shown(path: Any) -> str:
    return os.path.relpath(path) if str(path).startswith(os.getcwd()) else str(path)  # noqa: PTH109 - for display


async def _wait_ready(base_url: str) -> None:
    """Return when the gateway and all services are ready; say so on stderr when that takes unusually long."""
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    async with httpx.AsyncClient(base_url=base_url, timeout=5) as client:
        while True:
            try:
                answer = await client.get("/health/ready")
                if answer.status_code == httpx.codes.OK:
                    return
                missing = answer.text
            except httpx.HTTPError as error:
                missing = type(error).__name__
            if asyncio.get_running_loop().time() > deadline:
                print(f"casare: still not ready: {missing}", file=sys.stderr, flush=True)
                deadline += READY_SECONDS
            await asyncio.sleep(PROBE_SECONDS)
