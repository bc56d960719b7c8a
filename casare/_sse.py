"""Server-Sent Events, read line by line (WHATWG HTML, 9.2.6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from casare.models import Event


class LineSplitter:
    """Makes lines of an answer's bytes. Only CR and LF end one: what else Unicode counts as an end, such as U+2028, may
    stand in JSON."""

    def __init__(self) -> None:
        self._rest = b""
        self._after_return = False

    def feed(self, piece: bytes) -> list[str]:
        """The lines that end in this piece, without their ends."""
        after_return, self._after_return = self._after_return, piece.endswith(b"\r")
        if after_return:
            piece = piece.removeprefix(b"\n")
        *lines, self._rest = (self._rest + piece).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return [line.decode("utf-8", "replace") for line in lines]


@dataclass(frozen=True, slots=True)
class Block:
    """One event as the stream has it."""

    type: str
    id: str | None
    text: str


class EventParser:
    """Takes lines without their ends; keeps where to resume and how long to wait before it."""

    def __init__(self, last_id: str | None) -> None:
        self.last_id = last_id
        self.retry_seconds: float | None = None
        self._id = last_id
        self._data: list[str] = []
        self._type = ""

    def feed(self, line: str) -> Block | None:
        """What this line ends, if it does."""
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_seconds = int(value) / 1000
        return None

    def drop(self) -> None:
        """The connection ended: half an event is none."""
        self._id, self._data, self._type = self.last_id, [], ""

    def _dispatch(self) -> Block | None:
        block = Block(self._type or "message", self._id, "\n".join(self._data)) if self._data else None
        self.last_id = self._id
        self.drop()
        return block


class _Notice(msgspec.Struct):
    """What the server tells of an event."""

    event_type: str
    timestamp: datetime
    data: dict[str, Any]
    version: int | None = None


def event_of(block: Block) -> Event | None:
    """The event for the caller; None for what only opens the stream: `hello`, and `resumed` without a gap."""
    seq = int(block.id) if block.id and block.id.isascii() and block.id.isdigit() else None
    if block.type == "hello":
        return None
    try:
        notice = msgspec.json.decode(block.text, type=_Notice)
    except msgspec.MsgspecError:
        data = _object(block.text)
        if block.type == "resumed" and data.get("complete") is True:
            return None
        return Event(seq=seq, type=block.type, data=data)
    return Event(seq=seq, type=block.type, timestamp=notice.timestamp, version=notice.version, data=notice.data)


def _object(text: str) -> dict[str, Any]:
    """What is no object can still be seen."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {"text": text}
