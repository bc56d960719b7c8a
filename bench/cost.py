"""What each process costs: CPU seconds over the measured stretches, resident memory at their end."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import psutil

from bench.generator import RunError

CORES_AT_REST = 0.2
REST_WINDOW_SECONDS = 0.25
REST_SECONDS = 10
GENERATOR = "the generator"
BROKERS = {"CASARE_AMQP_URL": ("rabbitmq", 5672), "CASARE_REDIS_URL": ("redis", 6379)}


@dataclass
class ProcessCost:
    """One process: CPU seconds used while metered, resident bytes when last looked at."""

    label: str
    cpu_seconds: float = 0.0
    rss_bytes: int = 0


@dataclass
class CostMeter:
    """Adds up, per process, what the stretches run under `metered()` cost."""

    processes: Callable[[], dict[int, str]]
    costs: dict[int, ProcessCost] = field(default_factory=dict)

    @contextmanager
    def metered(self) -> Iterator[None]:
        """Charge the body's CPU time to the processes alive at its end."""
        before = {pid: usage[0] for pid in self.processes() if (usage := _usage(pid))}
        yield
        for pid, label in self.processes().items():
            if usage := _usage(pid):
                cost = self.costs.setdefault(pid, ProcessCost(label))
                cost.cpu_seconds += usage[0] - before.get(pid, 0.0)
                cost.rss_bytes = usage[1]

    async def rest(self) -> float:
        """Wait until the server is through with what it put off; return the seconds that took (capped).

        Work put off would otherwise slow down the bare segment that follows, in the measured one's favour.
        """
        begun = perf_counter()
        while await self._cores_busy() > CORES_AT_REST and perf_counter() - begun < REST_SECONDS:
            pass
        return perf_counter() - begun - REST_WINDOW_SECONDS

    async def _cores_busy(self) -> float:
        before, begun = self._cpu_seconds(), perf_counter()
        await asyncio.sleep(REST_WINDOW_SECONDS)
        return (self._cpu_seconds() - before) / (perf_counter() - begun)

    def _cpu_seconds(self) -> float:
        pids = [pid for pid, label in self.processes().items() if label != GENERATOR]
        return sum(usage[0] for pid in pids if (usage := _usage(pid)))


def _usage(pid: int) -> tuple[float, int] | None:
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return times.user + times.system, process.memory_info().rss
    except psutil.NoSuchProcess:
        return None


def tree(pid: int) -> dict[int, str]:
    """Return the process and all below it, with a label each; raises RunError when it has ended."""
    try:
        root = psutil.Process(pid)
        return {process.pid: _label(process) for process in (root, *root.children(recursive=True))}
    except psutil.NoSuchProcess as error:
        raise RunError(f"the server ended in mid-run: {error}") from error


def generator() -> dict[int, str]:
    """Return this process."""
    return {os.getpid(): GENERATOR}


def brokers() -> dict[int, str]:
    """Return the RabbitMQ and Redis that the distributed shape uses, as far as they are visible on this host."""
    ports = {urlsplit(os.environ.get(name, "")).port or port: label for name, (label, port) in BROKERS.items()}
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return {}
    listening = {c.pid: getattr(c.laddr, "port", 0) for c in connections if c.status == psutil.CONN_LISTEN}
    return {pid: ports[port] for pid, port in listening.items() if pid and port in ports}


def _label(process: psutil.Process) -> str:
    try:
        return label_of(process.cmdline())
    except psutil.NoSuchProcess:
        return "ended"


def label_of(command: Sequence[str]) -> str:
    """Return a short name: the program or module and its plain arguments, without paths and options."""
    words = [Path(word).name for word in command if word and not word.startswith("-")]
    if len(words) > 1 and words[0].startswith("python"):
        words = words[1:]
    return " ".join(words)[:48] or "?"
