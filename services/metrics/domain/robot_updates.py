"""Robots as frames."""

from services.metrics.domain.fleet import Robot
from services.metrics.domain.frames import RobotStatusFrame
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import iso_utc


def frame_of(robot: Robot, seq: int, now_ms: int, *, offline_after_ms: int) -> RobotStatusFrame:
    """The robot as it is at `now_ms`."""
    return RobotStatusFrame(
        seq=seq,
        timestamp=iso_utc(now_ms),
        robot_id=robot.robot_id,
        status=robot.status(now_ms=now_ms, offline_after_ms=offline_after_ms),
        name=robot.name,
        environment=robot.environment,
        cpu_percent=robot.reading("cpu_percent"),
        memory_mb=robot.reading("memory_mb"),
        current_jobs=_jobs_of(robot),
        last_seen_at=iso_utc(robot.last_seen_ms),
    )


def deleted_frame(robot_id: str, seq: int, now_ms: int) -> RobotStatusFrame:
    """The frame of a robot that is not registered any more."""
    return RobotStatusFrame(
        seq=seq,
        timestamp=iso_utc(now_ms),
        robot_id=robot_id,
        status=RobotStatus.OFFLINE,
        name="",
        environment="",
        cpu_percent=None,
        memory_mb=None,
        current_jobs=(),
        last_seen_at=None,
        deleted=True,
    )


def looks_of(robot: Robot, now_ms: int, *, offline_after_ms: int) -> tuple[object, ...]:
    """What makes a robot worth telling again when it differs: its heartbeat, too."""
    status = robot.status(now_ms=now_ms, offline_after_ms=offline_after_ms)
    return status, robot.name, robot.environment, robot.last_seen_ms, robot.metrics_json, _jobs_of(robot)


def _jobs_of(robot: Robot) -> tuple[str, ...]:
    return tuple(sorted(robot.active, key=lambda job_id: (robot.active[job_id].since_ms, job_id)))
