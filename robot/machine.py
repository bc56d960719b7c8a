"""How the machine is doing, from what the operating system tells without cost."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROC = Path("/proc")


class Machine:
    """Reads processor, memory and disk for heartbeats; leaves out what this system does not tell."""

    def __init__(self, workdir: Path, *, proc: Path = PROC) -> None:
        self._workdir = workdir
        self._proc = proc
        self._last_cpu: tuple[int, int] | None = None

    def reading(self) -> dict[str, Any]:
        """Returns `cpu_percent` since the last reading, `memory_mb` in use and `disk_free_gb`."""
        readings: dict[str, Callable[[], float | None]] = {
            "cpu_percent": self._cpu_percent,
            "memory_mb": self._memory_mb,
            "disk_free_gb": self._disk_free_gb,
        }
        values = {name: _read(read) for name, read in readings.items()}
        return {name: round(value, 1) for name, value in values.items() if value is not None}

    def _cpu_percent(self) -> float | None:
        if not (self._proc / "stat").exists():
            return min(100.0, 100 * os.getloadavg()[0] / (os.cpu_count() or 1))
        times = [int(field) for field in (self._proc / "stat").read_text().split("\n", 1)[0].split()[1:9]]
        now = (sum(times), times[3] + times[4])
        before, self._last_cpu = self._last_cpu, now
        if before is None or now[0] <= before[0]:
            return None
        return max(0.0, 100 * (1 - (now[1] - before[1]) / (now[0] - before[0])))

    def _memory_mb(self) -> float | None:
        lines = (line.split() for line in (self._proc / "meminfo").read_text().splitlines())
        kilobytes = {fields[0]: int(fields[1]) for fields in lines if len(fields) > 1}
        return (kilobytes["MemTotal:"] - kilobytes["MemAvailable:"]) / 1024

    def _disk_free_gb(self) -> float | None:
        return shutil.disk_usage(self._workdir).free / 1024**3


def _read(read: Callable[[], float | None]) -> float | None:
    # Other systems, containers and sandboxes hide some of these; a heartbeat is worth sending without them.
    try:
        return read()
    except (OSError, ValueError, KeyError, IndexError, AttributeError):
        return None
