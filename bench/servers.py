"""Starts and stops what is measured: bare and the product, each a process tree of its own on a free port."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.generator import Connection, RunError

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 90
STOP_SECONDS = 30
ADDRESSES_OF_PARTS = ("CASARE_AMQP_URL", "CASARE_REDIS_URL", "CASARE_MONGODB_URL")


@dataclass(frozen=True)
class Server:
    """A running process tree that answers on `port`; its output goes to `log`."""

    name: str
    port: int
    pid: int
    log: Path


def free_port() -> int:
    """Return a port on loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def bare(folder: Path, name: str = "bare") -> AsyncIterator[Server]:
    """Run `bench.bare` while the context is open."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", "--port", str(port)]
    async with _running(Server(name, port, 0, folder / f"{name}.log"), command, os.environ, None) as server:
        yield server


@asynccontextmanager
async def product(folder: Path, password: str, *, distributed: bool) -> AsyncIterator[Server]:
    """Run `casare up` on an empty data folder, limits raised and no local robot, while the context is open."""
    port = free_port()
    # A developer's own CASARE_* settings must not change what is measured.
    kept = ADDRESSES_OF_PARTS if distributed else ()
    env = {name: value for name, value in os.environ.items() if not name.startswith("CASARE_") or name in kept}
    env |= {
        "CASARE_PORT": str(port),
        "CASARE_DATA_DIR": str(folder / "data"),
        "CASARE_LOCAL_ROBOT": "off",
        "CASARE_ADMIN_PASSWORD": password,
        "CASARE_RATE_LIMITS": "*=10000000",
    }
    command = [sys.executable, "-m", "cli.main", "up", *(["--distributed"] if distributed else [])]
    unstarted = Server("product", port, 0, folder / "product.log")
    async with _running(unstarted, command, env, "/health/ready") as server:
        yield server


@asynccontextmanager
async def _running(
    unstarted: Server, command: Sequence[str], env: Mapping[str, str], ready_path: str | None
) -> AsyncIterator[Server]:
    process = await _spawn(command, env, unstarted.log)
    server = Server(unstarted.name, unstarted.port, process.pid, unstarted.log)
    try:
        await _until_ready(server, process, ready_path)
        yield server
    except Exception:
        if printed := tail(server.log):
            print(f"the last that {server.name} printed:\n{printed}\n")
        raise
    finally:
        await _stop(server, process)


async def _spawn(command: Sequence[str], env: Mapping[str, str], log: Path) -> asyncio.subprocess.Process:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=dict(env), stdout=descriptor, stderr=descriptor, start_new_session=True
        )
    finally:
        os.close(descriptor)


async def _until_ready(server: Server, process: asyncio.subprocess.Process, path: str | None) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not await _is_ready(server.port, path):
        if process.returncode is not None:
            raise RunError(f"{server.name} ended with {process.returncode} while starting")
        if time.monotonic() > deadline:
            raise RunError(f"{server.name} was not ready after {READY_SECONDS} s")
        await asyncio.sleep(0.1)


async def _is_ready(port: int, path: str | None) -> bool:
    try:
        connection = await Connection(port).open()
        try:
            async with asyncio.timeout(5):
                return path is None or (await connection.send("GET", path))[0] == 200
        finally:
            connection.close()
    except (OSError, TimeoutError):
        return False


async def _stop(server: Server, process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        print(f"{server.name} had ended by itself, with {process.returncode}")
        return
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        print(f"{server.name} ignored SIGTERM for {STOP_SECONDS} s and was killed")
        process.kill()
        await process.wait()
    _, left = psutil.wait_procs(children, timeout=2)
    for child in left:
        print(f"{server.name} left process {child.pid} behind, now killed")
        child.kill()


def tail(log: Path, lines: int = 25) -> str:
    """Return the end of what a server printed."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
