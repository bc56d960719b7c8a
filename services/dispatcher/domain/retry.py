"""When a failed attempt is tried again."""

from dataclasses import dataclass

from services.dispatcher.domain.dead_letters import DeadReason
from shared.jobs.job import Job


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full-range jitter."""

    base_ms: int = 2_000
    cap_ms: int = 300_000

    def delay_ms(self, attempts_used: int, jitter: float) -> int:
        """Milliseconds to wait after the attempt numbered `attempts_used` (from 1); `jitter` in [0, 1).

        Half of the exponential delay is fixed, half is spread, so that jobs that failed together do not return
        together.
        """
        full = min(self.cap_ms, self.base_ms * 2 ** max(0, min(attempts_used, 32) - 1))
        return int(full / 2 + full / 2 * jitter)


def why_not_again(job: Job, *, retryable: bool, run_at_ms: int) -> DeadReason | None:
    """Why no attempt follows the present one at `run_at_ms`; None when one does."""
    if not retryable:
        return DeadReason.NOT_RETRYABLE
    if not has_attempts_left(job):
        return DeadReason.ATTEMPTS_EXHAUSTED
    if job.must_end_ms is not None and run_at_ms >= job.must_end_ms:
        return DeadReason.DEADLINE
    return None


def has_attempts_left(job: Job) -> bool:
    """Whether another attempt may follow the present one."""
    return job.attempts_used < job.max_attempts
