"""Finding the job or robot a request is about, within the caller's tenant."""

from services.dispatcher.domain.errors import ForeignRobot, JobNotFound, RobotNotFound
from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Jobs, Robots
from shared.jobs import Job
from shared.kernel.identity import Identity


async def find_job(jobs: Jobs, caller: Identity, job_id: str) -> Job:
    """The job, or `JobNotFound`: an id of another tenant does not exist (clarifications 2)."""
    job = await jobs.get(job_id)
    if job is None or job.tenant_id != caller.tenant_id:
        raise JobNotFound(f"There is no job {job_id}.")
    return job


async def find_robot(robots: Robots, caller: Identity, robot_id: str) -> Robot:
    """The robot, or `RobotNotFound`."""
    robot = await robots.get(caller.tenant_id, robot_id)
    if robot is None:
        raise RobotNotFound(f"There is no robot {robot_id}; it has to register first.")
    return robot


def require_may_act_for(caller: Identity, robot_id: str) -> None:
    """Raise `ForeignRobot` when the caller's key is bound to another robot (clarifications 7)."""
    if not caller.may_act_for(robot_id):
        raise ForeignRobot(f"This API key is bound to another robot than {robot_id}.")
