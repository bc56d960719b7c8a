"""The two framings of the protocol, read and written; nothing here waits or knows a connection.

Flat: `{"type": "heartbeat", …fields}`.
Enveloped: `{"type", "id", "timestamp", "payload": {…fields}, "correlation_id"?}`. Without fields the payload may be
missing; a message that has an `id` and its fields beside it is a flat one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from shared.kernel.clock import iso_utc
from shared.kernel.ids import NewId
from shared.kernel.json_limits import nesting_exceeds, repeats_names

ENVELOPE: Final = frozenset({"type", "id", "timestamp", "payload", "correlation_id"})
MAX_LEVELS: Final = 64
LONGEST_ID: Final = 128


class Framing(StrEnum):
    """How a peer writes its messages, and reads ours."""

    FLAT = "flat"
    ENVELOPED = "enveloped"


class BadFrame(Exception):
    """What came is no message of the protocol; carries what may be told of it."""

    def __init__(self, detail: str, field: str | None = None, frame: "Frame | None" = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.frame = frame


@dataclass(frozen=True, slots=True)
class Frame:
    """A message as it was read."""

    type: str
    fields: Mapping[str, Any]
    framing: Framing
    id: str | None = None
    """The envelope's id, which an answer names as `correlation_id`."""

    @property
    def job_id(self) -> str | None:
        """The job it is about, where it names one that may be repeated back."""
        job_id = self.fields.get("job_id")
        return job_id if isinstance(job_id, str) and len(job_id) <= LONGEST_ID else None


def read_frame(text: str) -> Frame:
    """The message in `text`, which is JSON as RFC 8259 has it. Raises `BadFrame`."""
    message = _decoded(text)
    if not isinstance(message, dict):
        raise BadFrame("a message is a JSON object")
    kind = message.get("type")
    if not isinstance(kind, str) or not 0 < len(kind) <= LONGEST_ID:
        raise BadFrame("`type` names the message", "type")
    if "payload" not in message and ("id" not in message or not message.keys() <= ENVELOPE):
        return Frame(kind, {name: value for name, value in message.items() if name != "type"}, Framing.FLAT)
    return _opened(kind, message)


def _decoded(text: str) -> Any:
    body = text.encode("utf-8", "surrogatepass")
    try:
        message = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadFrame(f"not valid JSON: {error}") from error
    if nesting_exceeds(message, MAX_LEVELS):
        raise BadFrame(f"nested more than {MAX_LEVELS} levels deep")
    if repeats_names(body, message):
        raise BadFrame("an object has the same name twice")
    return message


def _opened(kind: str, message: Mapping[str, Any]) -> Frame:
    message_id, payload = message.get("id"), message.get("payload")
    if message_id is not None and (not isinstance(message_id, str) or len(message_id) > LONGEST_ID):
        raise BadFrame(f"`id` is a text of at most {LONGEST_ID} characters", "id")
    if payload is not None and not isinstance(payload, dict):
        raise BadFrame("`payload` is an object", "payload", Frame(kind, {}, Framing.ENVELOPED, message_id))
    return Frame(kind, payload or {}, Framing.ENVELOPED, message_id)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to a robot, in the framing that the robot used last."""

    type: str
    fields: Mapping[str, Any]
    framing: Framing = Framing.FLAT
    answers: str | None = None
    """The id of the enveloped message that it answers."""
    n_bytes: int = 0
    """About how large it is, where it is large."""


class FrameWriter:
    """Writes messages; ids and times come from outside, so that a conversation can be had again to the letter."""

    def __init__(self, new_id: NewId, now_ms: Callable[[], int]) -> None:
        self._new_id = new_id
        self._now_ms = now_ms

    def write(self, message: Outgoing) -> str:
        """The message as JSON text."""
        if message.framing is Framing.FLAT:
            return msgspec.json.encode({"type": message.type, **message.fields}).decode()
        envelope: dict[str, Any] = {
            "type": message.type,
            "id": self._new_id(),
            "timestamp": iso_utc(self._now_ms()),
            "payload": message.fields,
        }
        if message.answers is not None:
            envelope["correlation_id"] = message.answers
        return msgspec.json.encode(envelope).decode()
