"""Matching in memory: candidates (jobs that may be claimed) and offers (robots that wait for one).

MongoDB is the truth, this is an index of it: a candidate may be stale, then its claim fails on the store's guard and
the next one is tried; a missing one is found by the refill. Candidates are grouped by requirements, so that ten
thousand jobs nobody can run cost one comparison.
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shared.jobs import ExecutionMode, Requirements
from shared.jobs.position import Position, QueueKey

MAX_CANDIDATES_PER_QUEUE: Final = 512
"""Beyond this the tail is left to the refill."""
DEFAULT_ENVIRONMENT: Final = "default"
EXECUTION_MODES: Final = frozenset(mode.value for mode in ExecutionMode)


@dataclass(frozen=True, slots=True)
class RobotProfile:
    """What matching needs to know of a robot."""

    tenant_id: str
    robot_id: str
    environment: str
    capabilities: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    def can_run(self, needs: Requirements) -> bool:
        """Whether this robot may take a job with these requirements (clarifications 14)."""
        return (
            self.covers_environment(needs)
            and needs.robot_id in (None, self.robot_id)
            and self.capabilities.issuperset(needs.capabilities)
            and self.tags.issuperset(needs.tags)
        )

    def covers_environment(self, needs: Requirements) -> bool:
        """Whether it takes jobs of the environment they are for (clarifications 14)."""
        if needs.environment == self.environment:
            return True
        return needs.environment == DEFAULT_ENVIRONMENT and needs.execution_mode == self.environment

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments whose queues hold jobs for this robot."""
        if self.environment in EXECUTION_MODES:
            return (self.environment, DEFAULT_ENVIRONMENT)
        return (self.environment,)


class Candidate(NamedTuple):
    """A job that may be claimed; sorts by priority, then age."""

    priority: int
    created_ms: int
    job_id: str


@dataclass(slots=True)
class CandidateQueue:
    """The candidates of one queue key, best first."""

    needs: Requirements
    heap: list[Candidate] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    is_truncated: bool = False
    """Whether the store holds more than the heap does."""

    def push(self, candidate: Candidate) -> bool:
        """Add a candidate; False when it is known already or the queue is full and it is not among the best."""
        if candidate.job_id in self.known:
            return False
        if len(self.heap) >= MAX_CANDIDATES_PER_QUEUE:
            self.is_truncated = True
            if candidate >= max(self.heap):
                return False
            self._drop_worst()
        heapq.heappush(self.heap, candidate)
        self.known.add(candidate.job_id)
        return True

    def best(self, avoid: Collection[str] = ()) -> Candidate | None:
        """The best candidate that is not one of the jobs to `avoid`; it stays."""
        if not self.heap or self.heap[0].job_id not in avoid:
            return self.heap[0] if self.heap else None
        return min((candidate for candidate in self.heap if candidate.job_id not in avoid), default=None)

    def take(self, candidate: Candidate) -> None:
        """Take `candidate`, which is in the queue."""
        if self.heap[0] == candidate:
            heapq.heappop(self.heap)
        else:
            self.heap.remove(candidate)
            heapq.heapify(self.heap)
        self.known.discard(candidate.job_id)

    def _drop_worst(self) -> None:
        """A full queue loses its worse half, so that the scan this takes is rare."""
        self.heap.sort()
        for dropped in self.heap[MAX_CANDIDATES_PER_QUEUE // 2 :]:
            self.known.discard(dropped.job_id)
        del self.heap[MAX_CANDIDATES_PER_QUEUE // 2 :]


@dataclass(eq=False, slots=True)
class Offer:
    """A robot waiting for a job. `wake` is called once, when a candidate for it turns up."""

    robot: RobotProfile
    wake: Callable[[], None]
    since: float = 0.0
    """When the robot began to wait, by a clock of the process: who waits longest is woken first."""
    avoid: Collection[str] = ()
    """Jobs that it must not be woken for: it refused them a moment ago."""
    number: int = 0
    """Its place among those that began to wait at the same moment; given when it begins to wait."""

    @property
    def turn(self) -> tuple[float, int]:
        """Its place among the waiting."""
        return self.since, self.number

    def suits(self, needs: Requirements, job_id: str) -> bool:
        """Whether it waits for such a job."""
        return job_id not in self.avoid and self.robot.can_run(needs)


def _turn(offer: Offer) -> tuple[float, int]:
    return offer.turn


class CandidateIndex:
    """All candidates and offers of one dispatcher replica."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], dict[str, CandidateQueue]] = {}
        self._offers: dict[tuple[str, str], list[Offer]] = {}
        self._n_waits = 0
        self._taken: set[str] = set()
        self._taken_before: set[str] = set()

    def announce(self, position: Position, needs: Requirements) -> None:
        """A job became claimable just now: it is a candidate even if it was taken a moment ago."""
        self._taken.discard(position.job_id)
        self._taken_before.discard(position.job_id)
        self.push(position, needs)

    def push(self, position: Position, needs: Requirements) -> None:
        """Add a job that the store had as claimable, unless it was taken since; wake a robot that waits for one."""
        if position.job_id in self._taken or position.job_id in self._taken_before:
            return
        queue = self.queue(position.key, needs)
        if not queue.push(Candidate(position.priority, position.created_ms, position.job_id)):
            return
        self._wake_for(position.key.tenant_id, needs, position.job_id)

    def pass_on(self, robot: RobotProfile, avoid: Collection[str] = ()) -> None:
        """A robot that was woken takes nothing after all: wake another one for what it was woken for."""
        found = self._best_for(robot, avoid)
        if found is not None:
            queue, candidate = found
            self._wake_for(robot.tenant_id, queue.needs, candidate.job_id)

    def start_refill(self) -> None:
        """Forget what was taken before the last refill began: by now every read of the store shows it as taken."""
        self._taken_before, self._taken = self._taken, set()

    def queue(self, key: QueueKey, needs: Requirements) -> CandidateQueue:
        """The queue of `key`, made when absent."""
        queues = self._queues.setdefault((key.tenant_id, key.environment), {})
        if key.signature not in queues:
            queues[key.signature] = CandidateQueue(needs)
        return queues[key.signature]

    def take_best(self, robot: RobotProfile, avoid: Collection[str] = ()) -> Candidate | None:
        """Take the best job this robot can run, but for those to `avoid`; ties between queues go to the older job."""
        found = self._best_for(robot, avoid)
        if found is None:
            return None
        queue, candidate = found
        queue.take(candidate)
        self._taken.add(candidate.job_id)
        return candidate

    def _best_for(self, robot: RobotProfile, avoid: Collection[str]) -> tuple[CandidateQueue, Candidate] | None:
        best: tuple[CandidateQueue, Candidate] | None = None
        for queue in self._queues_for(robot):
            if not queue.heap or (best is not None and queue.heap[0] >= best[1]) or not robot.can_run(queue.needs):
                continue
            candidate = queue.best(avoid)
            if candidate is not None and (best is None or candidate < best[1]):
                best = queue, candidate
        return best

    def wait(self, offer: Offer) -> None:
        """Let `offer` be woken by the next suitable candidate, in its turn."""
        self._n_waits += 1
        offer.number = self._n_waits
        for environment in offer.robot.environments:
            insort(self._offers.setdefault((offer.robot.tenant_id, environment), []), offer, key=_turn)

    def withdraw(self, offer: Offer) -> None:
        """Stop waiting; withdrawing twice is harmless."""
        for environment in offer.robot.environments:
            waiting = self._offers.get((offer.robot.tenant_id, environment), [])
            place = bisect_left(waiting, offer.turn, key=_turn)
            if place < len(waiting) and waiting[place] is offer:
                del waiting[place]

    def wake_all(self) -> None:
        """Wake every waiting robot, so that each looks again or goes home."""
        for offer in {id(offer): offer for offers in self._offers.values() for offer in offers}.values():
            self.withdraw(offer)
            offer.wake()

    def low_queues(self, low_water: int) -> list[tuple[QueueKey, CandidateQueue]]:
        """Queues that run low here while the store holds more."""
        return [
            (QueueKey(tenant_id, environment, signature), queue)
            for (tenant_id, environment), queues in self._queues.items()
            for signature, queue in queues.items()
            if queue.is_truncated and len(queue.heap) < low_water
        ]

    def forget_empty(self) -> None:
        """Drop queues without candidates, so that requirements long gone take no memory."""
        for place, queues in list(self._queues.items()):
            for signature in [name for name, queue in queues.items() if not queue.heap and not queue.is_truncated]:
                del queues[signature]
            if not queues:
                del self._queues[place]

    @property
    def n_candidates(self) -> int:
        """How many jobs are at hand."""
        return sum(len(queue.heap) for queues in self._queues.values() for queue in queues.values())

    @property
    def n_queues(self) -> int:
        """How many different requirements there are candidates for."""
        return sum(len(queues) for queues in self._queues.values())

    @property
    def n_offers(self) -> int:
        """How many robots wait (one whose environment is an execution mode counts in two queues)."""
        return sum(len(offers) for offers in self._offers.values())

    def _queues_for(self, robot: RobotProfile) -> Iterator[CandidateQueue]:
        for environment in robot.environments:
            yield from self._queues.get((robot.tenant_id, environment), {}).values()

    def _wake_for(self, tenant_id: str, needs: Requirements, job_id: str) -> None:
        """Wake the robot that waits longest of those that may take this job."""
        waiting = self._offers.get((tenant_id, needs.environment), ())
        offer = next((offer for offer in waiting if offer.suits(needs, job_id)), None)
        if offer is not None:
            self.withdraw(offer)
            offer.wake()
