"""Which of a robot's connections stays, whatever the order in which they are told that they have registered."""

from typing import cast

from prometheus_client import CollectorRegistry
from starlette.websockets import WebSocket

from services.dispatcher.api.robot_socket.connection import Connection
from services.dispatcher.api.robot_socket.frames import FrameWriter
from services.dispatcher.api.robot_socket.measures import Measures
from services.dispatcher.api.robot_socket.parts import SocketParts, SocketRules, SocketUseCases
from services.dispatcher.api.robot_socket.session import Session
from services.dispatcher.api.robot_socket.sessions import RobotSessions
from services.dispatcher.domain.matching import CandidateIndex
from services.dispatcher.settings import DispatcherSettings
from shared.kernel.ids import new_id
from shared.web.close_codes import CloseCode
from tests.support.jobs import NOW_MS
from tests.support.robot_socket import robot_key

MEASURES = Measures(CollectorRegistry())


def a_session(sessions: RobotSessions, version: int) -> Session:
    """A connection of robot `r1` that is `version` of its document; nothing is said on it."""
    parts = SocketParts(
        use=cast(SocketUseCases, None),
        rules=SocketRules.of(DispatcherSettings.model_construct()),
        index=CandidateIndex(),
        measures=MEASURES,
        new_id=new_id,
        now_ms=lambda: NOW_MS,
    )
    connection = Connection(cast(WebSocket, None), FrameWriter(new_id, lambda: NOW_MS), MEASURES, send_seconds=1)
    session = Session(parts, robot_key("r1"), "r1", connection)
    session.version = version
    sessions.opened(session)
    return session


async def test_the_connection_that_the_store_has_last_stays_although_the_earlier_one_is_told_later() -> None:
    for earlier_is_told_first in (True, False):
        sessions = RobotSessions(MEASURES)
        earlier, later = a_session(sessions, 5), a_session(sessions, 6)
        for session in (earlier, later) if earlier_is_told_first else (later, earlier):
            session.registered(session)
        assert (earlier.connection.code, later.connection.code) == (CloseCode.REPLACED, None)
        sessions.on_deleted(later.caller.tenant_id, "r1")
        assert later.connection.code == CloseCode.FORBIDDEN, "it hears what concerns the robot"


async def test_registering_again_on_the_same_connection_replaces_nothing() -> None:
    sessions = RobotSessions(MEASURES)
    session = a_session(sessions, 5)
    for version in (5, 7):
        session.version = version
        session.registered(session)
    assert session.connection.code is None
