"""One robot's connection: messages in order, each through its use case, until one side ends it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from pydantic import BaseModel, ValidationError

from services.dispatcher.api.robot_socket import answers, messages
from services.dispatcher.api.robot_socket.assigner import Assigner
from services.dispatcher.api.robot_socket.connection import Connection, Ended
from services.dispatcher.api.robot_socket.frames import BadFrame, Frame
from services.dispatcher.api.robot_socket.held_jobs import HeldJobs
from services.dispatcher.api.robot_socket.intake import Intake
from services.dispatcher.api.robot_socket.limits import Limits
from services.dispatcher.api.robot_socket.parts import SocketParts
from services.dispatcher.api.robot_socket.refusals import refusal_of
from services.dispatcher.api.robot_socket.reports import Reports
from services.dispatcher.domain.errors import ForeignRobot
from services.dispatcher.domain.reports import Reporter
from shared.kernel.errors import CasareError, Forbidden
from shared.kernel.identity import Identity
from shared.kernel.ids import new_id
from shared.kernel.tasks import finish_tasks
from shared.web.close_codes import CloseCode

SEEN_EVERY_MS: Final = 30_000
"""A robot that is heard but sends no heartbeats is noted as seen this often."""
KEEPS_OFFERS: Final = frozenset({1006, CloseCode.REPLACED})
"""Ends after which the robot may be back in a moment, and then finds what it has not accepted yet."""

_log: Final = structlog.get_logger(__name__)

Handler = Callable[[Frame, Any], Awaitable[None]]


class Session:
    """The conversation with one robot."""

    def __init__(self, parts: SocketParts, caller: Identity, robot_id: str, connection: Connection) -> None:
        self.caller = caller
        self.robot_id = robot_id
        self.id = new_id()
        self.version = 0
        """Of the robot's document when this connection was written into it; 0 before it registered."""
        self.connection = connection
        self.held = HeldJobs()
        limits = Limits(parts.rules.messages_per_minute)
        self.assigner = Assigner(parts, caller, self.id, connection, self.held, limits)
        self.registered: Callable[[Session], None] = lambda _: None
        """Called when the robot has registered here."""
        self._parts = parts
        self._intake = Intake(parts.rules, limits, connection, self.assigner.close)
        self._seen_ms = 0
        reports = Reports(parts, caller, robot_id, connection, self.held, self.assigner)
        self._handlers: Mapping[str, Handler] = {
            "register": self._register,
            "heartbeat": self._heartbeat,
            "pong": self._pong,
            "disconnect": self._disconnect,
            "job_accept": reports.accept,
            "job_reject": reports.give_back,
            "job_release": reports.give_back,
            "job_progress": reports.progress,
            "job_complete": reports.complete,
            "job_failed": reports.fail,
            "job_cancelled": reports.cancelled,
            "log_entry": reports.log_line,
            "log_batch": reports.log_lines,
        }

    async def run(self) -> None:
        """Converse until one side ends it; then give back what the robot has not accepted, unless it may return."""
        writing = asyncio.create_task(self.connection.write(), name="robot-socket-write")
        assigning = asyncio.create_task(self.assigner.run(), name="robot-socket-assign")
        try:
            await self._read()
        except Ended:
            pass
        finally:
            self.connection.end(CloseCode.CRASHED, "unexpected end")
            self.assigner.close()
            await asyncio.wait([writing], timeout=self._parts.rules.send_seconds)
            await self.connection.close()
            await finish_tasks([writing, assigning], asyncio.Event())
            await self._give_back()

    async def _give_back(self) -> None:
        if self.connection.code in KEEPS_OFFERS:
            return
        for job_id, one in self.held.unaccepted():
            holder = Reporter(self.robot_id, one.lease_token, one.attempt)
            try:
                taken_back = await self._parts.use.withdraw(
                    job_id=job_id,
                    holder=holder,
                    offered_until_ms=one.expires_ms,
                    reason="its robot disconnected",
                )
            except CasareError as error:  # the offer's lease ends by itself
                _log.warning("offer_left_to_its_lease", job_id=job_id, reason=error.detail)
            else:
                if taken_back:
                    self._parts.measures.assigned("withdrawn")

    async def _read(self) -> None:
        while True:
            text = await self._intake.next()
            try:
                frame = self._intake.opened(text)
            except BadFrame as bad:
                self._intake.refuse(bad)
                continue
            if frame is None:
                continue
            self._parts.measures.received(frame.type)
            await self._handle(frame)

    async def _handle(self, frame: Frame) -> None:
        handler, model = self._handlers.get(frame.type), messages.MODELS.get(frame.type)
        if handler is None or model is None:
            self._intake.refuse(BadFrame("there is no such message", "type", frame))
            return
        try:
            await handler(frame, _body(model, frame))
        except ValidationError as error:
            self._intake.refuse(_first_fault(error, frame))
        except CasareError as error:
            self._answer_error(frame, error)
        except Ended:
            raise
        except Exception:  # noqa: BLE001 - one message's defect must not end the robot's work
            _log.exception("robot_message_crashed", message_type=frame.type, robot_id=self.robot_id)
            fields = answers.error("INTERNAL_ERROR", "Unexpected error.", report=frame.type, job_id=frame.job_id)
            self.connection.send("error", fields, answers=frame.id)
        await self._note_seen(frame)

    def _answer_error(self, frame: Frame, error: CasareError) -> None:
        self.connection.send("error", refusal_of(error, frame), answers=frame.id)
        if isinstance(error, Forbidden):
            self.connection.end(CloseCode.FORBIDDEN, "not permitted")

    async def _register(self, frame: Frame, body: messages.Register) -> None:
        if body.robot_id not in (None, self.robot_id):
            raise ForeignRobot(f"This connection is robot {self.robot_id}'s.")
        registration = body.registration(self.robot_id, self.caller.environment)
        await self._parts.use.register(caller=self.caller, registration=registration)
        resumed = await self._parts.use.connect(caller=self.caller, robot_id=self.robot_id, connection_id=self.id)
        robot, now_ms = resumed.robot, self._parts.now_ms()
        if robot.connection_id != self.id:
            self.connection.end(CloseCode.REPLACED, "replaced")
            return
        self.version, self._seen_ms = robot.version, now_ms
        self.registered(self)
        self.held.accepted(resumed.accepted)
        ack = answers.register_ack(
            self.robot_id,
            heartbeat_seconds=self._parts.rules.heartbeat_seconds,
            now_ms=now_ms,
            accepted=resumed.accepted,
        )
        self.connection.send("register_ack", ack, answers=frame.id)
        for claimed in resumed.offered:
            self.assigner.send(claimed)
        self.tell(robot.commands(now_ms))
        self.assigner.start(robot)

    def tell(self, commands: tuple[str, ...]) -> None:
        """Tell the robot, unasked, what a user has commanded."""
        if commands:
            told = answers.heartbeat_ack(now_ms=self._parts.now_ms(), commands=commands, cancelled_jobs=())
            self.connection.send("heartbeat_ack", told)

    def stop_job(self, job_id: str, reason: str) -> None:
        """Tell the robot to stop working on the job."""
        self.connection.send("job_cancel", {"job_id": job_id, "reason": reason})

    async def _heartbeat(self, frame: Frame, body: messages.Heartbeat) -> None:
        beat = await self._parts.use.heartbeat(
            caller=self.caller, robot_id=self.robot_id, metrics_json=body.as_json(), running=body.running
        )
        self._seen_ms = beat.at_ms
        if self.version and beat.connection_id != self.id:
            self.connection.end(CloseCode.REPLACED, "replaced")
            return
        fields = answers.heartbeat_ack(now_ms=beat.at_ms, commands=beat.commands, cancelled_jobs=beat.cancelled_jobs)
        self.connection.send("heartbeat_ack", fields, answers=frame.id)
        for job_id in beat.cancelled_jobs:
            self.stop_job(job_id, "cancelled")

    async def _pong(self, frame: Frame, body: messages.Pong) -> None:
        """That it came is all there is to it."""

    async def _disconnect(self, frame: Frame, body: messages.Disconnect) -> None:
        """The robot leaves in good order: what it has not accepted is free at once, the rest keeps its lease."""
        del frame, body
        self.connection.end(1000, "goodbye")

    async def _note_seen(self, frame: Frame) -> None:
        """A robot that works but sends no heartbeats is not offline."""
        now_ms = self._parts.now_ms()
        if not self.version or now_ms - self._seen_ms < SEEN_EVERY_MS or frame.type == "disconnect":
            return
        self._seen_ms = now_ms
        try:
            await self._parts.use.heartbeat(caller=self.caller, robot_id=self.robot_id, metrics_json=None)
        except CasareError as error:
            _log.warning("robot_not_noted", robot_id=self.robot_id, reason=error.detail)


def _body(model: type[BaseModel], frame: Frame) -> BaseModel:
    return model.model_validate(dict(frame.fields))


def _first_fault(error: ValidationError, frame: Frame) -> BadFrame:
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    return BadFrame(f"{field or 'message'}: {fault['msg']}", field or None, frame)
