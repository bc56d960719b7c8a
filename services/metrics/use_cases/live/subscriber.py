"""What one client has still to be sent, and why it may have to go."""

import asyncio
from collections import deque
from enum import StrEnum
from typing import Final

from services.metrics.domain.frames import Encoded

MOST_FRAMES: Final = 1_000
MOST_CHARACTERS: Final = 1_000_000


class Ending(StrEnum):
    """Why a stream ends that its client would have gone on with."""

    TOO_SLOW = "too-slow"
    """The client did not read fast enough."""
    RESTARTING = "restarting"
    """This process stops, or the numbers began anew: the client should connect again."""


class StreamEnded(Exception):
    """Nothing more comes; `why` says what the client should know."""

    def __init__(self, why: Ending) -> None:
        super().__init__(why)
        self.why = why


class Subscriber:
    """A bounded queue of encoded frames. Who lets it run over is ended alone, and what it held is let go."""

    def __init__(self, *, most_frames: int = MOST_FRAMES, most_characters: int = MOST_CHARACTERS) -> None:
        self._frames: deque[Encoded] = deque()
        self._n_characters = 0
        self._most_frames = most_frames
        self._most_characters = most_characters
        self._filled = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when `why` is known."""
        self.why: Ending | None = None
        self.is_live = False
        """Whether all that the client missed was sent to it."""

    def tell(self, frame: Encoded) -> None:
        """Have `frame` sent, or end the stream when too much waits already."""
        if self.why is not None:
            return
        self._n_characters += len(frame.text)
        self._frames.append(frame)
        if len(self._frames) > self._most_frames or self._n_characters > self._most_characters:
            self.end(Ending.TOO_SLOW)
        self._filled.set()

    def end(self, why: Ending) -> None:
        """End the stream; the first reason counts."""
        if self.why is None:
            self.why = why
            self._frames.clear()
            self.ended.set()
            self._filled.set()

    async def next(self) -> Encoded:
        """The next frame, waited for. Raises `StreamEnded`."""
        while not self._frames:
            if self.why is not None:
                raise StreamEnded(self.why)
            self._filled.clear()
            await self._filled.wait()
        frame = self._frames.popleft()
        self._n_characters -= len(frame.text)
        return frame
