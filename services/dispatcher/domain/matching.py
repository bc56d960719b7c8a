"""Matching in memory: candidates (jobs that may be claimed) and offers (robots that wait for one).

MongoDB is the truth, this is an index of it: a candidate may be stale, then its claim fails on the store's guard and
the next one is tried; a missing one is found by the refill. Candidates are grouped by requirements, so that ten
thousand jobs nobody can run cost one comparison.
"""

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterator
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

    def pop(self) -> Candidate | None:
        """Take the best candidate."""
        if not self.heap:
            return None
        candidate = heapq.heappop(self.heap)
        self.known.discard(candidate.job_id)
        return candidate

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


class CandidateIndex:
    """All candidates and offers of one dispatcher replica."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], dict[str, CandidateQueue]] = {}
        self._offers: dict[tuple[str, str], OrderedDict[int, Offer]] = {}
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
        offer = self._longest_waiting(position.key.tenant_id, needs)
        if offer is not None:
            self.withdraw(offer)
            offer.wake()

    def start_refill(self) -> None:
        """Forget what was taken before the last refill began: by now every read of the store shows it as taken."""
        self._taken_before, self._taken = self._taken, set()

    def queue(self, key: QueueKey, needs: Requirements) -> CandidateQueue:
        """The queue of `key`, made when absent."""
        queues = self._queues.setdefault((key.tenant_id, key.environment), {})
        if key.signature not in queues:
            queues[key.signature] = CandidateQueue(needs)
        return queues[key.signature]

    def take_best(self, robot: RobotProfile) -> Candidate | None:
        """Take the best job this robot can run; ties between queues go to the older job."""
        best: CandidateQueue | None = None
        for queue in self._queues_for(robot):
            if queue.heap and (best is None or queue.heap[0] < best.heap[0]) and robot.can_run(queue.needs):
                best = queue
        candidate = best.pop() if best is not None else None
        if candidate is not None:
            self._taken.add(candidate.job_id)
        return candidate

    def wait(self, offer: Offer) -> None:
        """Let `offer` be woken by the next suitable candidate."""
        for environment in offer.robot.environments:
            self._offers.setdefault((offer.robot.tenant_id, environment), OrderedDict())[id(offer)] = offer

    def withdraw(self, offer: Offer) -> None:
        """Stop waiting; withdrawing twice is harmless."""
        for environment in offer.robot.environments:
            self._offers.get((offer.robot.tenant_id, environment), OrderedDict()).pop(id(offer), None)

    def wake_all(self) -> None:
        """Wake every waiting robot, so that each looks again or goes home."""
        for offer in {id(offer): offer for offers in self._offers.values() for offer in offers.values()}.values():
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

    def _longest_waiting(self, tenant_id: str, needs: Requirements) -> Offer | None:
        offers = self._offers.get((tenant_id, needs.environment), OrderedDict())
        return next((offer for offer in offers.values() if offer.robot.can_run(needs)), None)
