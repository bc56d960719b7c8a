"""A robot keeps a job for longer."""

from dataclasses import dataclass

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.reports import Reporter
from services.dispatcher.use_cases.report_on_job import ReportOnJob
from shared.kernel.identity import Identity


@dataclass(frozen=True, slots=True)
class Extension:
    """Whether the lease goes on, and until when (epoch ms)."""

    extended: bool
    lease_expires_ms: int


class ExtendLease:
    """Renews a lease, or tells the robot that its job was cancelled (clarifications 13)."""

    def __init__(self, report: ReportOnJob) -> None:
        self._report = report

    async def __call__(self, *, caller: Identity, job_id: str, reporter: Reporter, extension_seconds: int) -> Extension:
        """The lease afterwards; not extended when the server ended this attempt: the robot should stop.

        Raises `JobNotFound`, `NotHeld`, `Unavailable`.
        """
        reported = await self._report(
            caller=caller,
            job_id=job_id,
            reporter=reporter,
            verb="extend-lease",
            repeat_of=lifecycle.STOPPED,
            decide=lambda job, now_ms: lifecycle.extend(job, extension_seconds=extension_seconds, now_ms=now_ms),
        )
        job = reported.job
        if reported.first_outcome is not None:
            return Extension(False, job.finished_ms or job.updated_ms)
        assert job.lease_expires_ms is not None
        return Extension(True, job.lease_expires_ms)
