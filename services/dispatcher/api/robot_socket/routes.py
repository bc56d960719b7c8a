"""The socket's route: who may open it, and the life of a connection."""

from typing import Final

from fastapi import APIRouter
from starlette.websockets import WebSocket

from services.dispatcher.api.robot_socket import answers
from services.dispatcher.api.robot_socket.connection import Connection
from services.dispatcher.api.robot_socket.frames import FrameWriter
from services.dispatcher.api.robot_socket.parts import SocketParts
from services.dispatcher.api.robot_socket.session import Session
from services.dispatcher.api.robot_socket.sessions import RobotSessions
from shared.kernel.identity import ANONYMOUS, Identity
from shared.kernel.permissions import Permission
from shared.web.close_codes import CloseCode
from shared.web.routes import API_PREFIX
from shared.web.text import is_identifier

ROBOT_SOCKET: Final = f"{API_PREFIX}/ws/robot/{{robot_id}}"
LONGEST_ROBOT_ID: Final = 64


def build_robot_socket_router(parts: SocketParts, sessions: RobotSessions) -> APIRouter:
    """The route of the robots' socket."""
    router = APIRouter()
    writer = FrameWriter(parts.new_id, parts.now_ms)

    @router.websocket(ROBOT_SOCKET)
    async def robot_socket(websocket: WebSocket, robot_id: str) -> None:
        await websocket.accept()  # also whom it refuses: before that, clients see no code (beyond.md)
        caller: Identity = websocket.scope["state"].get("identity", ANONYMOUS)
        connection = Connection(websocket, writer, parts.measures, parts.rules.send_seconds)
        refusal = _refusal(caller, robot_id)
        if refusal is not None:
            await _refuse(connection, *refusal)
            return
        session = Session(parts, caller, robot_id, connection)
        sessions.opened(session)
        if sessions.is_draining:
            connection.end(CloseCode.RESTARTING, "this server restarts")
        try:
            await session.run()
        finally:
            sessions.closed(session)

    return router


def _refusal(caller: Identity, robot_id: str) -> tuple[int, str] | None:
    """The code and the reason why this caller may not speak for that robot; None when it may."""
    if caller.kind == "anonymous":
        return CloseCode.AUTHENTICATION_FAILED, "This socket needs a robot's API key."
    if Permission.ROBOT not in caller.permissions:
        return CloseCode.FORBIDDEN, "This credential is not a robot's."
    if not caller.may_act_for(robot_id):
        return CloseCode.FORBIDDEN, "This API key is bound to another robot."
    if len(robot_id) > LONGEST_ROBOT_ID or not is_identifier(robot_id):
        return CloseCode.NO_SUCH_SOCKET, "This is no robot's id."
    return None


async def _refuse(connection: Connection, code: int, message: str) -> None:
    kind = "INVALID_MESSAGE" if code == CloseCode.NO_SUCH_SOCKET else "AUTH_FAILED"
    connection.send("error", answers.error(kind, message))
    connection.end(code, message)
    await connection.write()
    await connection.close()
