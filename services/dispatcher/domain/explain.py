"""Why a job is not running: a pure rule over the job and its tenant's robots, in the words of matching."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.dispatcher.domain.robot import Robot
from shared.jobs import Job, JobStatus, Requirements
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import iso_utc

SHOWN_ROBOTS: Final = 20
"""At most so many robots are named with what they lack."""


class ReasonCode(StrEnum):
    """What keeps a job from running, or that nothing does."""

    DELAYED_UNTIL = "DELAYED_UNTIL"
    NO_ROBOT_IN_ENVIRONMENT = "NO_ROBOT_IN_ENVIRONMENT"
    ROBOT_NOT_REGISTERED = "ROBOT_NOT_REGISTERED"
    ROBOT_IN_OTHER_ENVIRONMENT = "ROBOT_IN_OTHER_ENVIRONMENT"
    MISSING_CAPABILITY = "MISSING_CAPABILITY"
    MISSING_TAG = "MISSING_TAG"
    ROBOT_OFFLINE = "ROBOT_OFFLINE"
    ROBOT_IN_ERROR = "ROBOT_IN_ERROR"
    ALL_IN_MAINTENANCE = "ALL_IN_MAINTENANCE"
    ALL_BUSY = "ALL_BUSY"
    BEHIND_OTHERS = "BEHIND_OTHERS"
    READY = "READY"
    HELD = "HELD"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Lack:
    """What one robot lacks."""

    robot_id: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """One of the reasons, the strongest first."""

    code: ReasonCode
    message: str
    until_ms: int | None = None
    missing: dict[str, int] | None = None
    """Each missing capability or tag, with how many of the robots that could take the job otherwise lack it."""
    robots: tuple[Lack, ...] = ()


@dataclass(frozen=True, slots=True)
class RobotCounts:
    """The tenant's robots, those that match the job, and those of them that would take it now."""

    registered: int
    matching: int
    available: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job is where it is."""

    job: Job
    reasons: list[Reason]
    robots: RobotCounts
    queue_ahead: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """The tenant's robots as they are at one moment."""

    robots: Sequence[Robot]
    now_ms: int
    offline_after_ms: int

    def matching(self, needs: Requirements) -> list[Robot]:
        """Those that can run a job with these requirements."""
        return [robot for robot in self.robots if robot.profile.can_run(needs)]

    def is_available(self, robot: Robot) -> bool:
        """Whether it would take a job now."""
        return robot.takes_jobs and self._status(robot) is not RobotStatus.OFFLINE

    def count_by_status(self, robots: Sequence[Robot]) -> Counter[RobotStatus]:
        """How many of `robots` are in which status."""
        return Counter(self._status(robot) for robot in robots)

    def _status(self, robot: Robot) -> RobotStatus:
        return robot.status(self.now_ms, self.offline_after_ms)


def explain(job: Job, fleet: Fleet, queue_ahead: int) -> Explanation:
    """Why `job` is pending, who holds it, or how it ended. A robot counts as available exactly when matching would
    give it this job if it asked now."""
    matching = fleet.matching(job.requirements)
    available = [robot for robot in matching if fleet.is_available(robot)]
    counts = RobotCounts(len(fleet.robots), len(matching), len(available))
    if job.status is not JobStatus.PENDING:
        return Explanation(job, [_beyond_pending(job)], counts, 0)
    reasons = list(_delay(job))
    if not matching:
        reasons += _mismatch(job.requirements, fleet)
    elif not available:
        reasons += _unavailable(fleet.count_by_status(matching), len(matching))
    if queue_ahead:
        message = f"{queue_ahead} jobs with the same requirements come first, by priority and age."
        reasons.append(Reason(ReasonCode.BEHIND_OTHERS, message))
    if not reasons:
        reasons.append(Reason(ReasonCode.READY, f"{len(available)} robots could take it the next time they ask."))
    return Explanation(job, reasons, counts, queue_ahead)


def _beyond_pending(job: Job) -> Reason:
    if job.is_leased:
        return Reason(ReasonCode.HELD, f"Robot {job.robot_id} holds it on attempt {job.attempt}.")
    why = f": {job.error_message}" if job.error_message and job.status is not JobStatus.COMPLETED else ""
    return Reason(ReasonCode.ENDED, f"It ended as {job.status.value}{why}.".replace("..", "."))


def _delay(job: Job) -> Iterator[Reason]:
    if job.waiting_until_ms is None:
        return
    why = "It was submitted for a later time" if job.attempt == 0 else f"Attempt {job.attempt} failed; the next waits"
    message = f"{why}: not before {iso_utc(job.waiting_until_ms)}."
    yield Reason(ReasonCode.DELAYED_UNTIL, message, until_ms=job.waiting_until_ms)


def _mismatch(needs: Requirements, fleet: Fleet) -> Iterator[Reason]:
    """Why no robot matches, from the outside in: who it is, where it is, what it has."""
    robots = fleet.robots
    if needs.robot_id is not None:
        robots = [robot for robot in robots if robot.robot_id == needs.robot_id]
        if not robots:
            yield Reason(ReasonCode.ROBOT_NOT_REGISTERED, f"It is for robot {needs.robot_id}, which is not registered.")
            return
    there = [robot for robot in robots if robot.profile.covers_environment(needs)]
    if not there:
        yield _elsewhere(needs)
        return
    yield from _lacks(ReasonCode.MISSING_CAPABILITY, "capabilities", needs.capabilities, _capabilities_of(there))
    yield from _lacks(ReasonCode.MISSING_TAG, "tags", needs.tags, _tags_of(there))


def _elsewhere(needs: Requirements) -> Reason:
    if needs.robot_id is not None:
        message = f"Robot {needs.robot_id} takes no jobs of environment '{needs.environment}'."
        return Reason(ReasonCode.ROBOT_IN_OTHER_ENVIRONMENT, message)
    message = f"No robot is registered that takes jobs of environment '{needs.environment}'."
    return Reason(ReasonCode.NO_ROBOT_IN_ENVIRONMENT, message)


def _capabilities_of(robots: Sequence[Robot]) -> dict[str, tuple[str, ...]]:
    return {robot.robot_id: robot.capabilities for robot in robots}


def _tags_of(robots: Sequence[Robot]) -> dict[str, tuple[str, ...]]:
    return {robot.robot_id: robot.tags for robot in robots}


def _lacks(code: ReasonCode, noun: str, needed: tuple[str, ...], had: dict[str, tuple[str, ...]]) -> Iterator[Reason]:
    missing_of = {robot_id: tuple(label for label in needed if label not in labels) for robot_id, labels in had.items()}
    lacks = [Lack(robot_id, missing) for robot_id, missing in missing_of.items() if missing]
    if lacks:
        missing = Counter(label for lack in lacks for label in lack.missing)
        message = f"{len(lacks)} of {len(had)} robots lack {noun} it needs: {', '.join(sorted(missing))}."
        yield Reason(code, message, missing=dict(missing), robots=tuple(lacks[:SHOWN_ROBOTS]))


def _unavailable(by_status: Counter[RobotStatus], n_matching: int) -> Iterator[Reason]:
    """Why no matching robot takes it now: one reason per status that some of them are in."""
    n_busy = by_status[RobotStatus.BUSY]
    states = (
        (ReasonCode.ALL_BUSY, n_busy, "run as many jobs as they may"),
        (ReasonCode.ALL_IN_MAINTENANCE, by_status[RobotStatus.MAINTENANCE], "are in maintenance"),
        (ReasonCode.ROBOT_IN_ERROR, by_status[RobotStatus.ERROR], "report an error"),
        (ReasonCode.ROBOT_OFFLINE, by_status[RobotStatus.OFFLINE], "are offline"),
    )
    for code, n_robots, what in states:
        hides = code is ReasonCode.ALL_IN_MAINTENANCE and n_busy
        if n_robots and not hides:
            yield Reason(code, f"{n_robots} of {n_matching} matching robots {what}.")
