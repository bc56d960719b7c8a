"""The process of one Robot Framework run."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from robot.robot_framework.leftovers import COOKIE, kill_all

LISTENER: Final = Path(__file__).with_name("listener.py")
MAX_LINE: Final = 1_000_000
MAX_COMPLAINT: Final = 2_000
COMPLAINTS: Final = "stderr"
STOP_SECONDS: Final = 3.0
# What programs need to find themselves; nothing of the robot's own configuration or key.
_PASSED_ON: Final = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "DISPLAY", "WAYLAND_DISPLAY")


@dataclass(frozen=True, slots=True)
class Suite:
    """What to run, and how; paths are absolute."""

    python: Path
    path: Path
    output_folder: Path
    workdir: Path
    options: tuple[str, ...] = ()
    variables: Mapping[str, Any] | None = None
    environment: Mapping[str, str] | None = None


class FrameworkRun:
    """A started run: what its listener tells, and how it ended."""

    def __init__(
        self, process: asyncio.subprocess.Process, told: asyncio.StreamReader, complaints: Path, cookie: str
    ) -> None:
        self._process = process
        self._told = told
        self._complaints = complaints
        self._cookie = cookie

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yields what the listener tells, to the end."""
        while line := await self._told.readline():
            yield json.loads(line)

    async def ended(self) -> tuple[int, str]:
        """Returns the exit code, and the beginning of what was complained of on stderr."""
        code = await self._process.wait()
        with self._complaints.open("rb") as file:
            return code, file.read(MAX_COMPLAINT).decode("utf-8", "replace").strip()

    async def stop(self) -> None:
        """Ends the process and all it started: asked first, so that the log is written, then killed."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
        self._signal(signal.SIGKILL)
        await self._process.wait()
        # What the suite started and did not end is often in a session of its own.
        await asyncio.to_thread(kill_all, self._cookie)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@asynccontextmanager
async def running(suite: Suite) -> AsyncIterator[FrameworkRun]:
    """A run that is over when the block is, whatever ends it. Raises OSError when it cannot be started."""
    with tempfile.TemporaryDirectory(prefix="casare-framework-") as private:
        cookie = secrets.token_hex(16)
        read_end, write_end = os.pipe()
        try:
            reader, transport = await _reader(read_end)
            try:
                process = await _started(suite, write_end, Path(private), cookie)
            except BaseException:
                transport.close()
                raise
        finally:
            os.close(write_end)
        run = FrameworkRun(process, reader, Path(private) / COMPLAINTS, cookie)
        try:
            yield run
        finally:
            await asyncio.shield(run.stop())
            transport.close()


async def _reader(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    reader = asyncio.StreamReader(limit=MAX_LINE)
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader, transport


async def _started(suite: Suite, descriptor: int, private: Path, cookie: str) -> asyncio.subprocess.Process:
    # In a file that only this user can read: arguments are shown to everybody on the machine.
    variables = private / "variables.json"
    variables.write_text(json.dumps(suite.variables or {}), "utf-8")
    # Not a pipe: what the suite leaves running would hold it open.
    with (private / COMPLAINTS).open("wb") as complaints:
        return await asyncio.create_subprocess_exec(
            # -I: neither the working directory nor the environment decides which `robot` is imported.
            *(str(suite.python), "-I", "-m", "robot"),
            *("--console", "none", "--listener", f"{LISTENER}:{descriptor}", "--variablefile", str(variables)),
            *("--outputdir", str(suite.output_folder), "--pythonpath", str(_folder(suite.path))),
            *("--output", "output.xml", "--log", "log.html", "--report", "report.html"),
            *suite.options,
            str(suite.path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd=suite.workdir,
            env={**_environment(suite), COOKIE: cookie},
            pass_fds=(descriptor,),
            start_new_session=True,
        )


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _environment(suite: Suite) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, **(suite.environment or {})}
