"""The robots connected to this replica, and what events from all replicas mean to them."""

from collections.abc import Callable

from services.dispatcher.api.robot_socket.measures import Measures
from services.dispatcher.api.robot_socket.session import Session
from services.dispatcher.domain import lifecycle
from shared.web.close_codes import CloseCode


class RobotSessions:
    """Open connections, and by robot the one on which it registered."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures
        self._open: set[Session] = set()
        self._registered: dict[tuple[str, str], Session] = {}
        self._is_draining = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def is_draining(self) -> bool:
        """Whether the process stops."""
        return self._is_draining

    def opened(self, session: Session) -> None:
        """The connection begins."""
        self._open.add(session)
        session.registered = self._on_registered

    def closed(self, session: Session) -> None:
        """The connection has ended."""
        self._open.discard(session)
        key = (session.caller.tenant_id, session.robot_id)
        if self._registered.get(key) is session:
            del self._registered[key]

    def _on_registered(self, session: Session) -> None:
        key = (session.caller.tenant_id, session.robot_id)
        other = self._registered.get(key)
        if other is not None and other.version > session.version:  # it registered later and was through earlier
            _replace(session)
            return
        self._registered[key] = session
        if other is not None and other is not session:
            _replace(other)

    def drain(self) -> None:
        """The process stops: give out nothing more, and let robots connect elsewhere."""
        self._is_draining = True
        for session in self._open:
            session.assigner.close()
            session.connection.end(CloseCode.RESTARTING, "this server restarts")

    def on_connected(self, tenant_id: str, robot_id: str, connection_id: str, version: int) -> None:
        """The robot registered on that connection, here or on another replica."""
        session = self._registered.get((tenant_id, robot_id))
        if session is not None and session.id != connection_id and session.version < version:
            _replace(session)

    def on_changed(self, tenant_id: str, robot_id: str) -> None:
        """The robot's document changed in what decides which jobs it gets."""
        self._with(tenant_id, robot_id, lambda session: session.assigner.wake())

    def on_commanded(self, tenant_id: str, robot_id: str, command: str) -> None:
        """A user told the robot something."""
        self._with(tenant_id, robot_id, lambda session: session.tell((command,)))
        self.on_changed(tenant_id, robot_id)

    def on_deleted(self, tenant_id: str, robot_id: str) -> None:
        """The robot is out of the fleet."""

        def end(session: Session) -> None:
            session.connection.end(CloseCode.FORBIDDEN, "the robot was deleted")

        self._with(tenant_id, robot_id, end)

    def on_job_ended(self, tenant_id: str, robot_id: str, job_id: str, attempt: int, reason: str | None) -> None:
        """An attempt ended; `reason` says why the server ended it, None when the robot itself did."""
        session = self._registered.get((tenant_id, robot_id))
        if session is None or session.held.just_ended(job_id):
            return
        known = session.held.end(job_id, attempt)
        if known is not None and reason is not None:
            session.stop_job(job_id, reason)
            if reason == lifecycle.NOT_ACCEPTED:
                self._measures.assigned("unanswered")
        session.assigner.wake(settling=True)

    def _with(self, tenant_id: str, robot_id: str, action: Callable[[Session], None]) -> None:
        session = self._registered.get((tenant_id, robot_id))
        if session is not None:
            action(session)


def _replace(session: Session) -> None:
    session.assigner.close()
    session.connection.end(CloseCode.REPLACED, "replaced")
