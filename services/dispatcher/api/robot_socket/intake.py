"""What comes in on one socket: silence, size and rate are judged here, before a message does anything."""

import asyncio
from collections.abc import Callable

import msgspec

from services.dispatcher.api.robot_socket import answers
from services.dispatcher.api.robot_socket.connection import Connection
from services.dispatcher.api.robot_socket.frames import BadFrame, Frame, Framing, read_frame
from services.dispatcher.api.robot_socket.limits import Limits, cost_of
from services.dispatcher.api.robot_socket.parts import SocketRules
from shared.web.close_codes import CloseCode


class _Subject(msgspec.Struct):
    """What a message that is not read otherwise is about."""

    type: str = ""
    job_id: str | None = None


class _Envelope(msgspec.Struct):
    type: str = ""
    job_id: str | None = None
    id: str | None = None
    payload: _Subject | None = None


class Intake:
    """Reads messages; those that are refused here are answered with `error` and not processed."""

    def __init__(
        self, rules: SocketRules, limits: Limits, connection: Connection, stop_assigning: Callable[[], None]
    ) -> None:
        self._rules = rules
        self._connection = connection
        self._stop_assigning = stop_assigning
        self._limits = limits
        self._heard_at = asyncio.get_running_loop().time()
        self._was_asked = False

    async def next(self) -> str | bytes:
        """The next message. Meanwhile a silent robot is asked whether it is there, then given up. Raises `Ended`."""
        while True:
            silent_for = _now() - self._heard_at
            limit = self._rules.silent_seconds / 2 if not self._was_asked else self._rules.silent_seconds
            message = await self._connection.receive(max(0.01, limit - silent_for))
            if message is not None:
                self._heard_at, self._was_asked = _now(), False
                return message
            self._ask_or_end()

    def _ask_or_end(self) -> None:
        silent_for = _now() - self._heard_at
        if silent_for >= self._rules.silent_seconds:
            self._stop_assigning()
            self._connection.end(CloseCode.SILENT, "nothing was heard for too long")
        elif not self._was_asked and silent_for >= self._rules.silent_seconds / 2:
            self._was_asked = True
            self._connection.send("ping", {})

    def opened(self, message: str | bytes) -> Frame | None:
        """The message, if it may be processed; None when its refusal is answered already. Raises `BadFrame`."""
        if isinstance(message, bytes):
            raise BadFrame("a message is a text frame")
        if len(message) > self._rules.max_bytes or len(message.encode()) > self._rules.max_bytes:
            raise BadFrame(f"longer than {self._rules.max_bytes} bytes", None, _subject_of(message))
        frame = read_frame(message)
        self._connection.framing = frame.framing
        if self._limits.messages.take(_now(), cost_of(frame.fields)):
            return frame
        self._refuse_excess(frame)
        return None

    def _refuse_excess(self, frame: Frame) -> None:
        """Named with its job, so that a robot repeats a report that must not be lost."""
        seconds = max(1, round(self._limits.messages.seconds_until(cost_of(frame.fields)) + 0.5))
        fields = answers.error(
            "RATE_LIMITED",
            "Too many messages; this one was not processed.",
            report=frame.type,
            job_id=frame.job_id,
            retry_after_seconds=seconds,
        )
        self._connection.send("error", fields, answers=frame.id)
        if not self._limits.is_patient(_now()):
            self._connection.end(CloseCode.RATE_LIMITED, "too many messages")

    def refuse(self, bad: BadFrame) -> None:
        """Answer an invalid message; who keeps sending them is closed."""
        frame = bad.frame
        fields = answers.error(
            "INVALID_MESSAGE",
            bad.detail,
            field=bad.field,
            report=frame.type if frame is not None and frame.type else None,
            job_id=None if frame is None else frame.job_id,
        )
        self._connection.send("error", fields, answers=None if frame is None else frame.id)
        if not self._limits.is_tolerant(_now()):
            self._connection.end(CloseCode.POLICY_VIOLATION, "too many invalid messages")


def _subject_of(message: str) -> Frame | None:
    """What a message that is too long is about, so that its sender learns which of its reports was not taken."""
    try:
        found = msgspec.json.decode(message, type=_Envelope)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return None
    job_id = found.job_id if found.payload is None else found.payload.job_id
    framing = Framing.FLAT if found.payload is None else Framing.ENVELOPED
    return Frame(found.type, {} if job_id is None else {"job_id": job_id}, framing, found.id)


def _now() -> float:
    return asyncio.get_running_loop().time()
