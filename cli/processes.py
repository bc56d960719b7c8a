"""Child processes of `casare up`: started, watched, restarted, and never left behind."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

STOP_SECONDS: Final = 30.0
FIRST_RESTART_SECONDS: Final = 0.5
LONGEST_RESTART_SECONDS: Final = 30.0

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run. `lock` is held by the child while it runs."""

    name: str
    module: str
    log: Path
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    lock: Path | None = None

    @property
    def command(self) -> list[str]:
        """The command line."""
        lock = "-" if self.lock is None else str(self.lock)
        return [sys.executable, "-m", "cli.child", lock, self.module, *self.arguments]


@asynccontextmanager
async def supervised(spec: ChildSpec) -> AsyncIterator[None]:
    """Keep the child running until the block ends; it is started before the block begins."""
    process = await _start(spec)
    stopping = asyncio.Event()
    keeper = asyncio.create_task(_keep(spec, process, stopping), name=f"keep-{spec.name}")
    try:
        yield
    finally:
        stopping.set()
        await keeper


async def _start(spec: ChildSpec) -> asyncio.subprocess.Process:
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    with spec.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *spec.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **spec.environment},
            start_new_session=True,
        )


async def _keep(spec: ChildSpec, process: asyncio.subprocess.Process, stopping: asyncio.Event) -> None:
    """Restart the child whenever it ends by itself; stop it when asked."""
    pause = FIRST_RESTART_SECONDS
    while True:
        ended = asyncio.create_task(process.wait())
        asked = asyncio.create_task(stopping.wait())
        await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if stopping.is_set():
            await _stop(spec, process, ended)
            return
        _log.error("child_ended", child=spec.name, exit_code=process.returncode, log=str(spec.log), restart_in=pause)
        if await _pause_unless(stopping, pause):
            return
        pause = min(pause * 2, LONGEST_RESTART_SECONDS)
        process = await _start(spec)


async def _pause_unless(stopping: asyncio.Event, seconds: float) -> bool:
    """Whether `stopping` was set within `seconds`."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _stop(spec: ChildSpec, process: asyncio.subprocess.Process, ended: "asyncio.Task[int]") -> None:
    """Ask the child to stop, wait, and insist when it does not."""
    if process.returncode is None:
        process.terminate()
    done, _ = await asyncio.wait((ended,), timeout=STOP_SECONDS)
    if not done:
        _log.warning("child_killed", child=spec.name, waited_seconds=STOP_SECONDS)
        process.kill()
        await ended
    if process.stdin is not None:
        process.stdin.close()
