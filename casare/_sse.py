"""Server-Sent Events, read line by line (WHATWG HTML, 9.2.6)."""

import msgspec

from casare.models import Event


class EventParser:
    """Takes lines without their ends; keeps where to resume and how long to wait before it."""

    def __init__(self, last_id: str | None) -> None:
        self.last_id = last_id
        self.retry_seconds: float | None = None
        self._id = last_id
        self._data: list[str] = []
        self._type = ""

    def feed(self, line: str) -> Event | None:
        """The event that this line ends, if it does."""
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

    def _dispatch(self) -> Event | None:
        text, kind = "\n".join(self._data), self._type or "message"
        had_data = bool(self._data)
        self.last_id = self._id
        self.drop()
        if not had_data:
            return None
        try:
            data = msgspec.json.decode(text, type=dict)
        except msgspec.MsgspecError:  # not JSON, or no object: still the caller's to see
            data = {"text": text}
        number = self.last_id
        seq = int(number) if number and number.isascii() and number.isdigit() else None
        return Event(seq=seq, type=kind, data=data)
