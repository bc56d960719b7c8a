"""Routes of robots."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path, Query

from services.dispatcher.api.robot_schemas import (
    CommandBody,
    CommandResponse,
    DeletedBody,
    HeartbeatBody,
    HeartbeatResponse,
    RegisterBody,
    RobotBody,
    RobotList,
    StatusBody,
    UpdateBody,
    robot_body,
)
from services.dispatcher.domain.robot import Command, Robot
from services.dispatcher.use_cases.command_robot import CommandRobot
from services.dispatcher.use_cases.delete_robot import DeleteRobot
from services.dispatcher.use_cases.get_robot import GetRobot
from services.dispatcher.use_cases.list_robots import ListRobots, RobotFilter
from services.dispatcher.use_cases.record_heartbeat import RecordHeartbeat
from services.dispatcher.use_cases.register_robot import RegisterRobot
from services.dispatcher.use_cases.set_robot_status import SetRobotStatus
from services.dispatcher.use_cases.update_robot import UpdateRobot
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import to_datetime
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter

RobotId = Annotated[str, Path(min_length=1, max_length=64, description="the robot's id")]


@dataclass(frozen=True, slots=True)
class RobotUseCases:
    """What the robot routes call."""

    register: RegisterRobot
    heartbeat: RecordHeartbeat
    find: ListRobots
    get: GetRobot
    update: UpdateRobot
    set_status: SetRobotStatus
    command: CommandRobot
    delete: DeleteRobot
    now_ms: Callable[[], int]
    offline_after_ms: int

    def show(self, robot: Robot) -> RobotBody:
        """The robot as users see it now."""
        return robot_body(robot, self.now_ms(), self.offline_after_ms)


def build_robot_router(use: RobotUseCases) -> ContractRouter:
    """The robot routes over their use cases."""
    router = ContractRouter(tag="robots")
    _add_robot_calls(router, use)
    _add_commands(router, use)
    _add_user_calls(router, use)
    return router


def _add_robot_calls(router: ContractRouter, use: RobotUseCases) -> None:
    @router.endpoint(
        "POST",
        "/robots/register",
        permission=Permission.ROBOT,
        summary="Register a robot",
        response_model=RobotBody,
        errors=(409,),
    )
    async def register_robot(body: RegisterBody, caller: Caller) -> RobotBody:
        """Register a robot, or update its registration; jobs it holds stay its own."""
        return use.show(await use.register(caller=caller, registration=body.registration()))

    @router.endpoint(
        "POST",
        "/robots/{robot_id}/heartbeat",
        permission=Permission.ROBOT,
        summary="Record a heartbeat",
        response_model=HeartbeatResponse,
        errors=(404,),
    )
    async def record_heartbeat(
        robot_id: RobotId, caller: Caller, body: HeartbeatBody | None = None
    ) -> HeartbeatResponse:
        """Say that the robot is alive; renews the leases of its jobs, names those it should stop, and tells it what a
        user has commanded (`POST /robots/{robot_id}/commands`).
        """
        metrics_json, running = (None, None) if body is None else (body.as_json(), body.running)
        beat = await use.heartbeat(caller=caller, robot_id=robot_id, metrics_json=metrics_json, running=running)
        return HeartbeatResponse(
            timestamp=to_datetime(beat.at_ms),
            cancelled_jobs=list(beat.cancelled_jobs),
            commands=[Command(command) for command in beat.commands],
        )

    @router.endpoint(
        "PUT",
        "/robots/{robot_id}/status",
        permission=Permission.ROBOT_OR_OPERATE,
        summary="Set a robot's status",
        response_model=RobotBody,
        errors=(404, 409),
    )
    async def set_robot_status(robot_id: RobotId, body: StatusBody, caller: Caller) -> RobotBody:
        """Say what the robot is fit for; in `maintenance` it gets no new jobs and keeps what it runs."""
        return use.show(await use.set_status(caller=caller, robot_id=robot_id, status=body.status))


def _add_commands(router: ContractRouter, use: RobotUseCases) -> None:
    @router.endpoint(
        "POST",
        "/robots/{robot_id}/commands",
        permission=Permission.OPERATE,
        summary="Command a robot",
        response_model=CommandResponse,
        errors=(404, 409),
    )
    async def command_robot(robot_id: RobotId, body: CommandBody, caller: Caller) -> CommandResponse:
        """Tell a robot to `drain`, `pause` or `resume`. From the answer on it gets no new job, or may get one again.

        `pause`: it keeps what it runs and waits for `resume`. `drain`: it finishes what it runs and leaves; when it
        registers anew, holding no job, it is fit again. A robot on a socket is told at once, any other by the answers
        to its heartbeats; each repeats the command while it holds. `PUT /robots/{robot_id}/status` ends it, too.
        """
        robot = await use.command(caller=caller, robot_id=robot_id, command=body.command)
        return CommandResponse(robot_id=robot_id, command=body.command, status=use.show(robot).status)


def _add_user_calls(router: ContractRouter, use: RobotUseCases) -> None:
    @router.endpoint(
        "PUT",
        "/robots/{robot_id}",
        permission=Permission.OPERATE,
        summary="Update a robot",
        response_model=RobotBody,
        errors=(404, 409),
    )
    async def update_robot(robot_id: RobotId, body: UpdateBody, caller: Caller) -> RobotBody:
        """Change a robot's configuration; fields that are not given stay.

        It is matched by the new environment, capabilities and tags at once, also while it waits for a job. The roles
        of the contract do not name robots' configuration; whoever may set their status may change it.
        """
        return use.show(await use.update(caller=caller, robot_id=robot_id, fields=body.changes()))

    @router.endpoint("GET", "/robots", permission=Permission.READ, summary="List robots", response_model=RobotList)
    async def list_robots(
        caller: Caller,
        status: Annotated[RobotStatus | None, Query(description="robots in this status now")] = None,
        environment: Annotated[str | None, Query(max_length=64, description="robots of this environment")] = None,
        tag: Annotated[str | None, Query(max_length=128, description="robots with this tag")] = None,
        capability: Annotated[str | None, Query(max_length=128, description="robots with this capability")] = None,
        limit: Annotated[int, Query(ge=1, le=500, description="how many robots at most")] = 100,
        offset: Annotated[int, Query(ge=0, le=1_000_000, description="how many of those that match to skip")] = 0,
    ) -> RobotList:
        """The tenant's robots by id; `total` counts all that match."""
        wanted = RobotFilter(status, environment, tag, capability)
        robots, total = await use.find(caller=caller, wanted=wanted, limit=limit, offset=offset)
        return RobotList(robots=[use.show(robot) for robot in robots], total=total)

    @router.endpoint(
        "GET",
        "/robots/{robot_id}",
        permission=Permission.READ,
        summary="Get a robot",
        response_model=RobotBody,
        errors=(404,),
    )
    async def get_robot(robot_id: RobotId, caller: Caller) -> RobotBody:
        """The robot as it is now: its status, the jobs it holds and what its last heartbeat said of its machine."""
        return use.show(await use.get(caller=caller, robot_id=robot_id))

    @router.endpoint(
        "DELETE",
        "/robots/{robot_id}",
        permission=Permission.ADMINISTER,
        summary="Delete a robot",
        response_model=DeletedBody,
        errors=(404, 409),
    )
    async def delete_robot(robot_id: RobotId, caller: Caller) -> DeletedBody:
        """Take a robot out of the fleet. Its jobs return to the queue, the attempt is not counted; keys bound to it are
        revoked. It may register again with another key, and then starts anew.
        """
        await use.delete(caller=caller, robot_id=robot_id)
        return DeletedBody(robot_id=robot_id)
