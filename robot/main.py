"""Starts a robot: `casare robot run`, or `python -m robot.main` on a machine of its own."""

import asyncio
import random
import signal
import sys
from collections.abc import Callable

from pydantic import ValidationError

from robot.agent import Agent
from robot.client import OrchestratorClient
from robot.crashes import hide_variables
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.journal import JournalUnusable
from robot.limits import limits_of
from robot.nodes import NODE_TYPES, NodeTable
from robot.plugins import with_plugins
from robot.protocol import ServerError
from robot.secrets import SecretSource
from robot.settings import RobotSettings

EXIT_OK = 0
EXIT_REFUSED = 2
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Refused(Exception):
    """The robot cannot work as it is configured, or the server will not have it."""


async def work(
    settings: RobotSettings, *, node_types: NodeTable = NODE_TYPES, stop: asyncio.Event | None = None
) -> None:
    """Works until SIGTERM or SIGINT, or until `stop` is set where the caller handles signals itself.

    Adds the node types of plug-ins to `node_types`. Raises Refused.
    """
    hide_variables()
    try:
        key = settings.key()
    except (OSError, ValueError) as error:
        raise Refused(f"cannot use the robot's key: {error}") from error
    table, problems = with_plugins(node_types)
    _say(settings, problems)
    client = OrchestratorClient(base_url=settings.url, api_key=key, timeout_seconds=settings.request_timeout_seconds)
    rng = random.Random()  # noqa: S311 (spreads retries, guards nothing)
    try:
        await _work(Agent(settings, client, _executor(settings, table), rng=rng), stop)
    except JournalUnusable as error:
        raise Refused(str(error)) from error
    except ServerError as error:
        raise Refused(f"the server at {settings.url} refuses robot {settings.id}: {error}") from error
    finally:
        await client.close()


async def run(settings: RobotSettings, stop: asyncio.Event | None = None) -> int:
    """As `work`. Returns 0 after a clean stop, 2 when it was refused, with one line on stderr."""
    try:
        await work(settings, stop=stop)
    except Refused as error:
        return _refused(str(error))
    return EXIT_OK


def main() -> int:
    """Returns the exit code of a robot configured by its environment."""
    try:
        settings = RobotSettings()
    except ValidationError as error:
        return _refused(first_fault(error))
    return asyncio.run(run(settings))


def first_fault(error: ValidationError) -> str:
    """Returns one line about the first setting that is wrong, naming its variable."""
    first = error.errors()[0]
    name = "_".join(("CASARE_ROBOT", *(str(part) for part in first["loc"]))).upper()
    return f"{name}: {first['msg']}" if first["loc"] else first["msg"].removeprefix("Value error, ")


async def _work(agent: Agent, stop: asyncio.Event | None) -> None:
    if stop is None:
        remove = _on_signals(agent.stop)
        try:
            await agent.run()
        finally:
            remove()
        return
    watching = asyncio.create_task(_stop_on(stop, agent))
    try:
        await agent.run()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _stop_on(stop: asyncio.Event, agent: Agent) -> None:
    await stop.wait()
    agent.stop()


def _on_signals(react: Callable[[], None]) -> Callable[[], None]:
    # Not loop.add_signal_handler, which Windows does not have.
    loop = asyncio.get_running_loop()
    previous = {number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(react)) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    return restore


def _executor(settings: RobotSettings, node_types: NodeTable) -> Executor:
    files = WorkingDirectory(settings.workdir, allow_any=settings.allow_any_path)
    return Executor(
        files,
        node_types=node_types.allowing(settings.allowed),
        limits=limits_of(settings),
        secrets=SecretSource(directory=settings.secrets_dir),
    )


def _say(settings: RobotSettings, problems: list[str]) -> None:
    jobs = "1 job" if settings.max_concurrent_jobs == 1 else f"{settings.max_concurrent_jobs} jobs"
    what = f"{settings.id} → {settings.url} (environment {settings.environment}, {jobs} at a time)"
    sys.stdout.write(f"{'robot':<12}{what}\n")
    sys.stdout.flush()
    for problem in problems:
        sys.stderr.write(f"{'robot':<12}{problem}\n")


def _refused(message: str) -> int:
    sys.stderr.write(f"{'robot':<12}{message}\n")
    return EXIT_REFUSED


if __name__ == "__main__":
    sys.exit(main())
