"""The log of a job as users see it: sent in batches, never in the job's way."""

import asyncio
import contextlib
import secrets
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from robot.backoff import Backoff
from robot.client import OrchestratorClient
from robot.protocol import CallRejected, ClaimedJob, ServerError, TryAgain, report_fields

_LOG = structlog.get_logger()

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
MAX_WAITING: Final = 5_000
MAX_BATCH: Final = 200
LONGEST_MESSAGE: Final = 8_000
FINAL_SECONDS: Final = 5.0
"""What a job's end waits for its last lines, at most."""


class JobLog:
    """Takes lines from any thread and sends them; what there is no room for is counted and told.

    A batch whose answer was lost is sent again under the same `batch_id`, which the server adds once.
    """

    def __init__(
        self,
        job: ClaimedJob,
        client: OrchestratorClient,
        *,
        robot_id: str,
        level: str,
        interval_seconds: float,
        backoff: Backoff,
    ) -> None:
        self._job = job
        self._client = client
        self._robot_id = robot_id
        self._least = LEVELS.index(level)
        self._interval = interval_seconds
        self._backoff = backoff
        self._lock = threading.Lock()
        self._waiting: deque[dict[str, Any]] = deque()
        self._dropped = 0
        self._batch: list[dict[str, Any]] = []
        self._name = secrets.token_hex(6)
        self._batches = 0
        self._closed = False
        self._sending = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def add(self, level: str, message: str, node_id: str | None = None) -> None:
        """Takes a line; returns at once."""
        if level not in LEVELS or LEVELS.index(level) < self._least or self._closed:
            return
        entry = {"level": level, "message": message[:LONGEST_MESSAGE], "timestamp": datetime.now(UTC).isoformat()}
        if node_id is not None:
            entry |= report_fields({"node_id": node_id})
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                self._dropped += 1
                return
            self._waiting.append(entry)
        if not self._changed.is_set():
            # A thread that outlived its job, and the robot, has nobody to tell any more.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._changed.set)

    async def run(self) -> None:
        """Sends lines as they come, at least each interval, until it is ended."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(self._interval)
            pause = await self._send_waiting()
            if pause is not None:
                await asyncio.sleep(pause)

    async def finish(self) -> None:
        """Sends what is left, for a moment; a server in trouble does not keep the job from ending."""
        try:
            async with asyncio.timeout(FINAL_SECONDS):
                while (pause := await self._send_waiting()) is not None:  # noqa: ASYNC110 (the server says how long)
                    await asyncio.sleep(pause)
        except TimeoutError:
            _LOG.warning("job_log_cut_short", lines=len(self._waiting) + len(self._batch))

    async def _send_waiting(self) -> float | None:
        """Sends all lines; returns the seconds to wait before trying again, None when nothing is left."""
        async with self._sending:
            self._changed.clear()
            while self._take():
                try:
                    batch_id = f"{self._name}-{self._batches}"
                    await self._client.add_logs(self._job, self._batch, robot_id=self._robot_id, batch_id=batch_id)
                except TryAgain as error:
                    self._changed.set()
                    return self._backoff.next_seconds(error.retry_after)
                except CallRejected as error:
                    _LOG.warning("job_log_refused", lines=len(self._batch), error=str(error))
                    self._dropped += len(self._batch)
                except ServerError as error:
                    # The log is no longer this robot's to write; its job will notice by its lease.
                    _LOG.warning("job_log_closed", error=str(error))
                    self._closed = True
                self._batch = []
                self._backoff.reset()
            return None

    def _take(self) -> bool:
        """Whether there is a batch to send: the one that did not arrive, else the next."""
        if self._closed:
            return False
        if self._batch:
            return True
        with self._lock:
            self._batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            dropped, self._dropped = self._dropped, 0
        if dropped:
            lost = f"{dropped} lines are missing here: they came faster than they could be sent"
            told = {"level": "warning", "message": lost, "timestamp": datetime.now(UTC).isoformat()}
            self._batch.append(told)
        self._batches += 1
        return bool(self._batch)
