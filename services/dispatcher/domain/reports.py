"""Who may report on a job, and when a report is a repeat (beyond.md, robot job endpoints)."""

import hmac
from dataclasses import dataclass

from shared.jobs.job import Job
from shared.kernel.errors import Conflict


class NotHeld(Conflict):
    """The robot does not hold this job now, or reports an older attempt; nothing was changed."""

    code = "JOB_NOT_HELD"


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who sends a report. `robot_id` None: a user, or an enrolment key that proves itself by the token."""

    robot_id: str | None
    lease_token: str | None = None
    attempt: int | None = None

    def holds(self, job: Job) -> bool:
        """Whether the report comes from the present holder of `job`."""
        if not job.is_leased:
            return False
        if self.robot_id is not None and self.robot_id != job.robot_id:
            return False
        if self.attempt is not None and self.attempt != job.attempt:
            return False
        return self.lease_token is None or _same(self.lease_token, job.lease_token or "")

    def require_holds(self, job: Job) -> None:
        """Raise `NotHeld` unless the report comes from the present holder."""
        if not self.holds(job):
            raise NotHeld(f"Job {job.job_id} is {job.status.value} and not held under this report's lease.")

    def repeats(self, job: Job, verb: str) -> str | None:
        """The outcome of the first report when this one, by the same robot and attempt, repeats it; else None."""
        if not job.last_report:  # none yet, or the lease ended without one
            return None
        robot_id, attempt, token, first_verb, outcome = job.last_report.split("\n")
        same_robot = self.robot_id is None or self.robot_id == robot_id
        same_attempt = self.attempt is None or str(self.attempt) == attempt
        same_lease = self.lease_token is None or _same(self.lease_token, token)
        proven = self.robot_id is not None or self.lease_token is not None
        return outcome if proven and same_robot and same_attempt and same_lease and first_verb == verb else None


def report_key(job: Job, verb: str, outcome: str) -> str:
    """What `last_report` keeps of a report that ends the present attempt of `job`."""
    return "\n".join((job.robot_id or "", str(job.attempt), job.lease_token or "", verb, outcome))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
