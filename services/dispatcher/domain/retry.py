"""When a failed attempt is tried again."""

from dataclasses import dataclass

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


def has_attempts_left(job: Job) -> bool:
    """Whether another attempt may follow the present one."""
    return job.attempts_used < job.max_attempts
