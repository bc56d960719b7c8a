"""What a robot says about its jobs, passed to the use cases that HTTP reports go to; the answers to it."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

import msgspec

from services.dispatcher.api.robot_socket import answers, messages
from services.dispatcher.api.robot_socket.assigner import Assigner
from services.dispatcher.api.robot_socket.connection import Connection
from services.dispatcher.api.robot_socket.frames import Frame
from services.dispatcher.api.robot_socket.held_jobs import HeldJobs
from services.dispatcher.api.robot_socket.parts import SocketParts
from services.dispatcher.domain.errors import JobNotFound
from services.dispatcher.domain.logs import LogEntry, LogLevel
from services.dispatcher.domain.reports import NotHeld, Reporter
from services.dispatcher.use_cases.fail_job import Failure
from shared.jobs import JobStatus
from shared.kernel.clock import iso_utc
from shared.kernel.errors import CasareError
from shared.kernel.identity import Identity

OutcomeT = TypeVar("OutcomeT")

TOO_LATE: Final = "it is not this robot's any more"
MARGIN_SECONDS: Final = 0.05
"""So that a job that may be offered again really may, when the robot is looked at for it."""


class Reports:
    """The messages about jobs of one connection. Each raises what its use case raises."""

    def __init__(
        self,
        parts: SocketParts,
        caller: Identity,
        robot_id: str,
        connection: Connection,
        held: HeldJobs,
        assigner: Assigner,
    ) -> None:
        self._use = parts.use
        self._measures = parts.measures
        self._now_ms = parts.now_ms
        self._caller = caller
        self._robot_id = robot_id
        self._connection = connection
        self._held = held
        self._assigner = assigner

    async def accept(self, frame: Frame, body: messages.JobAccept) -> None:
        """`job_accept`: too late is told twice, as robots that do not know the error stop by `job_cancel`."""
        try:
            job = await self._use.accept(
                caller=self._caller,
                job_id=body.job_id,
                reporter=self._reporter(body),
                lease_seconds=body.lease_seconds,
            )
        except NotHeld:
            self._stop(body.job_id)
            raise
        self._held.accepted([job])
        self._measures.assigned("accepted")
        expires = iso_utc(job.lease_expires_ms or 0)
        self._ack(frame, body.job_id, job.status, attempt=job.attempt, lease_expires_at=expires)

    async def give_back(self, frame: Frame, body: messages.JobReject) -> None:
        """`job_reject` and `job_release`: back to the queue, the attempt not counted."""
        known = self._held.known(body.job_id)  # the release's own event may end it here before this call returns
        await self._use.release(
            caller=self._caller, job_id=body.job_id, reporter=self._reporter(body), reason=body.reason or ""
        )
        self._end(body.job_id)
        if known is not None and not known.is_accepted:
            self._measures.assigned("rejected")
            loop = asyncio.get_running_loop()
            loop.call_later(self._held.rejected(body.job_id, loop.time()) + MARGIN_SECONDS, self._assigner.wake)
        self._ack(frame, body.job_id, JobStatus.PENDING)

    async def progress(self, frame: Frame, body: messages.JobProgress) -> None:
        """`job_progress`; the first one accepts the job, if nothing else did."""
        del frame
        try:
            job = await self._use.progress(
                caller=self._caller,
                job_id=body.job_id,
                reporter=self._reporter(body),
                percent=int(body.progress),
                current_node=body.current_node,
                message=body.message,
            )
        except NotHeld:
            self._stop(body.job_id)
            raise
        self._held.accepted([job])

    async def complete(self, frame: Frame, body: messages.JobComplete) -> None:
        """`job_complete`; a repeat gets the same acknowledgement."""
        result_json = msgspec.json.encode(body.result_object).decode()
        report = self._use.complete(
            caller=self._caller, job_id=body.job_id, reporter=self._reporter(body), result_json=result_json
        )
        await self._ending(body.job_id, report)
        self._ack(frame, body.job_id, JobStatus.COMPLETED)

    async def fail(self, frame: Frame, body: messages.JobFailed) -> None:
        """`job_failed`: `pending` when another attempt follows, else `failed`; a stack trace goes to the job's log."""
        await self._keep_trace(body)
        result = body.result_object
        failure = Failure(
            body.error_message or messages.UNKNOWN_ERROR,
            body.error_type,
            body.failed_node,
            body.retryable,
            None if result is None else msgspec.json.encode(result).decode(),
        )
        report = self._use.fail(caller=self._caller, job_id=body.job_id, reporter=self._reporter(body), failure=failure)
        status = await self._ending(body.job_id, report)
        self._ack(frame, body.job_id, status)

    async def cancelled(self, frame: Frame, body: messages.JobReject) -> None:
        """`job_cancelled`: the robot has stopped; what it was told to stop is not told again."""
        status = await self._use.stop(
            caller=self._caller, robot_id=self._robot_id, job_id=body.job_id, reporter=self._reporter(body)
        )
        self._end(body.job_id)
        self._ack(frame, body.job_id, status)

    async def log_line(self, frame: Frame, body: messages.LogEntry) -> None:
        """`log_entry`; without a job it is the robot's own and not kept."""
        del frame
        if body.job_id is not None:
            await self._add_logs(body.job_id, [body.entry(self._now_ms())], body.attempt, None)

    async def log_lines(self, frame: Frame, body: messages.LogBatch) -> None:
        """`log_batch`: each job's lines to its own log. A batch that has an id is acknowledged and stored once."""
        lines: defaultdict[str, list[LogEntry]] = defaultdict(list)
        for line in body.lines:
            job_id = line.job_id or body.job_id
            if job_id is not None:
                lines[job_id].append(line.entry(self._now_ms()))
        refused: list[tuple[str, CasareError]] = []
        n_accepted = n_dropped = 0
        for job_id, entries in lines.items():
            try:
                accepted, dropped = await self._add_logs(job_id, entries, body.attempt, body.batch_id)
            except (NotHeld, JobNotFound) as error:
                refused.append((job_id, error))
            else:
                n_accepted, n_dropped = n_accepted + accepted, n_dropped + dropped
        for job_id, fault in refused:
            fields = answers.error("INVALID_MESSAGE", fault.detail, reason=fault.code, job_id=job_id, report=frame.type)
            self._connection.send("error", fields, answers=frame.id)
        if body.batch_id is not None:
            fields = {"batch_id": body.batch_id, "accepted": n_accepted, "dropped": n_dropped}
            self._connection.send("log_ack", fields, answers=frame.id)

    async def _add_logs(
        self, job_id: str, entries: list[LogEntry], attempt: int | None, batch_id: str | None
    ) -> tuple[int, int]:
        added = await self._use.add_logs(
            caller=self._caller,
            job_id=job_id,
            entries=entries,
            robot_id=self._robot_id,
            attempt=attempt,
            batch_id=batch_id,
        )
        return added.n_accepted, added.n_dropped

    async def _keep_trace(self, body: messages.JobFailed) -> None:
        """Under a name of the attempt's own, so that a repeated report adds nothing."""
        known = self._held.known(body.job_id)
        if not body.stack_trace or known is None:
            return
        entry = LogEntry(self._now_ms(), LogLevel.ERROR, body.stack_trace, body.failed_node)
        try:
            await self._add_logs(body.job_id, [entry], known.attempt, f"stack-trace-{known.attempt}")
        except (NotHeld, JobNotFound):  # the report itself is told so in a moment
            return

    async def _ending(self, job_id: str, report: Awaitable[OutcomeT]) -> OutcomeT:
        """The outcome of a report that ends the robot's work on the job, whatever the server thinks of it."""
        try:
            outcome = await report
        except (NotHeld, JobNotFound):
            self._end(job_id)
            await self._use.stop.heard(caller=self._caller, robot_id=self._robot_id, job_id=job_id)
            raise
        self._end(job_id)
        return outcome

    def _end(self, job_id: str) -> None:
        self._held.end(job_id)
        self._assigner.wake()

    def _stop(self, job_id: str) -> None:
        self._connection.send("job_cancel", {"job_id": job_id, "reason": TOO_LATE})

    def _ack(self, frame: Frame, job_id: str, outcome: JobStatus, **more: Any) -> None:
        self._connection.send("job_ack", answers.job_ack(frame.type, job_id, outcome.value, **more), answers=frame.id)

    def _reporter(self, body: messages.JobMessage) -> Reporter:
        return Reporter(self._robot_id, body.lease_token, body.attempt)
