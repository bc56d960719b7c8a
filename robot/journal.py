"""What a robot remembers of its jobs across a crash.

One small file per job, replaced in one step and flushed to the disk, in a folder that only one process of that robot
may use. The running node is kept in a file of its own beside it, written in place: it changes too often for more.
"""

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote

import structlog

from robot.protocol import ClaimedJob
from robot.values import encode_json

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # absent there

_LOG = structlog.get_logger()

_LOCK: Final = "lock"
_NODE_BYTES: Final = 512


class JournalUnusable(Exception):
    """The robot cannot keep its journal, or another process of the same robot does."""


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job as the journal knows it. `report` is what was to be told of its end and is not known to have arrived."""

    job_id: str
    attempt: int
    lease_token: str | None
    started: bool = False
    node_id: str | None = None
    report: dict[str, Any] | None = None

    def claimed(self) -> ClaimedJob:
        """Returns the job as far as it is needed to report on it."""
        return ClaimedJob(self.job_id, "", attempt=self.attempt, lease_token=self.lease_token)


class Journal:
    """Keeps the jobs a robot holds. Open it before use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: IO[bytes] | None = None
        self._jobs: dict[str, HeldJob] = {}
        self._node_files: dict[str, int] = {}
        self.is_new = True
        """Whether there was no journal before: then nothing is known of the jobs of an earlier process."""

    def open(self) -> None:
        """Locks the folder and reads what an earlier process left. Raises JournalUnusable."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.is_new = not (self._folder / _LOCK).exists()
            self._lock = (self._folder / _LOCK).open("ab")
            (self._folder / _LOCK).chmod(0o600)
            if fcntl is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read()
        except BlockingIOError as error:
            self.close()
            raise JournalUnusable(
                f"another process runs this robot with the folder {self._folder}; "
                "give each robot its own id (CASARE_ROBOT_ID)"
            ) from error
        except OSError as error:
            self.close()
            raise JournalUnusable(
                f"cannot keep the journal in {self._folder} ({error.strerror}); set CASARE_ROBOT_STATE_DIR"
            ) from error

    def close(self) -> None:
        """Gives the folder free."""
        for handle in self._node_files.values():
            os.close(handle)
        self._node_files.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def held(self) -> list[HeldJob]:
        """Returns the jobs in the journal."""
        return list(self._jobs.values())

    async def claimed(self, job: ClaimedJob) -> None:
        """Notes that the robot holds the job."""
        await self._write(HeldJob(job.job_id, job.attempt, job.lease_token))

    async def started(self, job: ClaimedJob) -> None:
        """Notes that the job's first node is about to run."""
        await self._write(HeldJob(job.job_id, job.attempt, job.lease_token, started=True))

    def running_node(self, job: ClaimedJob, node_id: str) -> None:
        """Notes which node runs. Survives the end of the process, not of the machine."""
        handle = self._node_files.get(job.job_id)
        if handle is None:
            path = self._path(job.job_id, "node")
            handle = self._node_files[job.job_id] = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(handle, node_id.encode("utf-8", "replace")[:_NODE_BYTES].ljust(_NODE_BYTES, b"\n"), 0)

    async def reporting(self, job: ClaimedJob, verb: str, body: Mapping[str, Any]) -> None:
        """Notes how the job ended, before that is told."""
        report = json.loads(encode_json({"verb": verb, "body": body}))
        await self._write(HeldJob(job.job_id, job.attempt, job.lease_token, started=True, report=report))

    async def forget(self, job_id: str) -> None:
        """Notes that the job is over for this robot."""
        self._jobs.pop(job_id, None)
        if (handle := self._node_files.pop(job_id, None)) is not None:
            os.close(handle)
        await asyncio.to_thread(self._remove, job_id)

    def _remove(self, job_id: str) -> None:
        for kind in ("json", "node"):
            self._path(job_id, kind).unlink(missing_ok=True)

    async def _write(self, job: HeldJob) -> None:
        self._jobs[job.job_id] = job
        fields = {name: value for name, value in asdict(job).items() if name != "node_id"}
        await asyncio.to_thread(_replace, self._path(job.job_id, "json"), json.dumps(fields).encode())

    def _read(self) -> None:
        for path in sorted(self._folder.glob("*.json")):
            try:
                fields = json.loads(path.read_bytes())
                job = HeldJob(**{**fields, "node_id": _node_in(path.with_suffix(".node"))})
            except (ValueError, TypeError) as error:
                _LOG.error("journal_entry_unreadable", path=str(path), error=str(error))
                path.rename(path.with_suffix(".unreadable"))
                continue
            self._jobs[job.job_id] = job

    def _path(self, job_id: str, kind: str) -> Path:
        return self._folder / f"job-{quote(job_id, safe='')[:200]}.{kind}"


def _node_in(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace").rstrip("\n") or None
    except FileNotFoundError:
        return None


def _replace(path: Path, content: bytes) -> None:
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(path)
        _sync_folder(path.parent)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    # Not every system lets a folder be flushed; the file itself is.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
