"""What a dashboard's head shows of one tenant."""

from collections.abc import Sequence

from services.metrics.domain.figures import Figures as Counts
from services.metrics.domain.fleet import JobCounts, Robot, summary_of
from services.metrics.domain.frames import Figures, JobFigures, QueueFigures, RobotFigures, SystemFigures
from shared.jobs.fleet import RobotStatus


def figures_of(
    robots: Sequence[Robot], jobs: JobCounts, today: Counts, now_ms: int, *, offline_after_ms: int
) -> Figures:
    """The figures at `now_ms`."""
    statuses = [robot.status(now_ms=now_ms, offline_after_ms=offline_after_ms) for robot in robots]
    fleet = summary_of(statuses, jobs)
    online = [robot for robot, status in zip(robots, statuses, strict=True) if status is not RobotStatus.OFFLINE]
    return Figures(
        robots=RobotFigures(
            total=fleet.total_robots,
            active=fleet.active_robots,
            idle=fleet.idle_robots,
            busy=fleet.busy_robots,
            offline=fleet.offline_robots,
        ),
        jobs=JobFigures(
            active=jobs.active,
            pending=jobs.pending,
            completed_today=today.completed,
            failed_today=today.failed + today.timeout,
            cancelled_today=today.cancelled,
            avg_duration_ms=today.average_duration_ms,
        ),
        queue=QueueFigures(depth=jobs.pending),
        system=_system_of(online),
    )


def _system_of(robots: Sequence[Robot]) -> SystemFigures:
    loads = [value for robot in robots if (value := robot.reading("cpu_percent")) is not None]
    memories = [value for robot in robots if (value := robot.reading("memory_mb")) is not None]
    return SystemFigures(
        cpu_percent=round(sum(loads) / len(loads), 1) if loads else None,
        memory_mb=round(sum(memories), 1) if memories else None,
        reporting=max(len(loads), len(memories)),
    )
