"""What one connection knows of its robot's jobs; the store decides, this only spares asking it."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from shared.jobs import Job

AVOID_SECONDS: Final = 60.0
"""For so long a robot is not offered a job again that it did not answer, or rejected again and again."""
AVOID_REJECTED_SECONDS: Final = 1.0
"""The same after the first rejection, which may have to do with the moment; doubled with each further one."""
AVOID_FULL_SECONDS: Final = 0.5
"""For so long not one for which it had no slot, as that of the attempt before is not free yet."""
REMEMBERED: Final = 256


@dataclass(slots=True)
class Assignment:
    """A job that the robot holds."""

    attempt: int
    lease_token: str
    is_accepted: bool
    expires_ms: int | None
    """When the lease ends that it came with."""


class HeldJobs:
    """The robot's jobs by id, those that just ended, and those not to be offered for a while."""

    def __init__(self) -> None:
        self._held: dict[str, Assignment] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._avoided: dict[str, float] = {}
        self._n_rejected: OrderedDict[str, int] = OrderedDict()

    def offered(self, job: Job, now: float) -> None:
        """The job was sent to the robot at `now` (seconds), which has to accept it."""
        self._held[job.job_id] = _assignment(job, is_accepted=False)
        self._ended.pop(job.job_id, None)
        self._avoided[job.job_id] = now + AVOID_SECONDS

    def accepted(self, jobs: Iterable[Job]) -> None:
        """The robot works on these."""
        for job in jobs:
            self._held[job.job_id] = _assignment(job, is_accepted=True)
            self._avoided.pop(job.job_id, None)

    def known(self, job_id: str) -> Assignment | None:
        """What is known of a job that the robot holds."""
        return self._held.get(job_id)

    def end(self, job_id: str, attempt: int | None = None) -> Assignment | None:
        """The job (its `attempt`, where given) is the robot's no more; what was known of it, if anything."""
        known = self._held.get(job_id)
        if known is None or (attempt is not None and known.attempt != attempt):
            return None
        del self._held[job_id]
        self._ended[job_id] = None
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        return known

    def just_ended(self, job_id: str) -> bool:
        """Whether the job ended on this connection, which therefore learns nothing new from its event."""
        return job_id in self._ended

    def unaccepted(self) -> Iterator[tuple[str, Assignment]]:
        """What the robot has yet to answer."""
        return ((job_id, one) for job_id, one in list(self._held.items()) if not one.is_accepted)

    def rejected(self, job_id: str, now: float) -> float:
        """The robot rejected the job at `now`; after how many seconds it may be offered it again."""
        n_before = self._n_rejected.pop(job_id, 0)
        self._n_rejected[job_id] = n_before + 1
        if len(self._n_rejected) > REMEMBERED:
            self._n_rejected.popitem(last=False)
        seconds = min(AVOID_REJECTED_SECONDS * 2.0 ** min(n_before, 10), AVOID_SECONDS)
        self._avoided[job_id] = now + seconds
        return seconds

    def avoid(self, job_id: str, until: float) -> None:
        """Do not offer the job before `until`."""
        self._avoided[job_id] = until

    def avoided(self, now: float) -> frozenset[str]:
        """The jobs not to be offered at `now`."""
        for job_id in [job_id for job_id, until in self._avoided.items() if until <= now]:
            del self._avoided[job_id]
        return frozenset(self._avoided)


def _assignment(job: Job, *, is_accepted: bool) -> Assignment:
    return Assignment(job.attempt, job.lease_token or "", is_accepted, job.lease_expires_ms)
