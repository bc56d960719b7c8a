"""Running a program as part of a job: bounded in time and output, and ended with everything that it started."""

import asyncio
import codecs
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from robot.cancellation import CancelScope
from robot.errors import CodeFailed

MAX_KEPT: Final = 100_000
"""Characters of each output that are kept: the last."""
MAX_LOGGED: Final = 2_000
"""Lines of a program that go to the job's log."""
LONGEST_LINE: Final = 8_000
MAX_ANSWER_BYTES: Final = 800_000
KILL_AFTER_SECONDS: Final = 5.0
_CHUNK: Final = 65_536
_MARGIN: Final = 65_536
"""Characters beyond a cut that are looked at for secrets."""
_KEPT_VARIABLES: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "LOGNAME", "SYSTEMROOT", "COMSPEC")


@dataclass(frozen=True, slots=True)
class Ended:
    """How the program ended (-N: by signal N), the end of what it wrote, and what it answered beside that."""

    exit_code: int
    stdout: str
    stderr: str
    answer: bytes


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. Of the robot's environment it sees only what programs need, never a key or a secret."""

    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    stdin: bytes
    on_line: Callable[[str, bool], None]
    hide: Callable[[str], str]
    """Takes secrets out of a text, before it is cut: the rest of one would not be known again."""
    takes_answer: bool = False

    async def run(self, cancel: CancelScope, timeout_seconds: float) -> Ended:
        """Returns when it has ended. Raises CodeFailed when it cannot be started or takes too long, JobStopped."""
        with ExitStack() as opened:
            out, err = (opened.enter_context(_Pipe()) for _ in range(2))
            answer = opened.enter_context(_Pipe()) if self.takes_answer else None
            process = await self._start(out, err, answer)
            try:
                return await cancel.race(asyncio.wait_for(self._attend(process, out, err, answer), timeout_seconds))
            except TimeoutError as error:
                raise CodeFailed(f"the program did not end within {timeout_seconds:g} s, and was ended") from error
            finally:
                await _end_group(process)

    async def _start(self, out: "_Pipe", err: "_Pipe", answer: "_Pipe | None") -> asyncio.subprocess.Process:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command(answer),
                cwd=self.cwd,
                env=self._environment(),
                stdin=asyncio.subprocess.PIPE,
                # Not asyncio's own pipes: those stay open after the program for as long as anything it left holds them.
                stdout=out.writing,
                stderr=err.writing,
                pass_fds=() if answer is None else (answer.writing,),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CodeFailed(f"cannot start {self.argv[0]!r}: {reason}") from error
        for pipe in (out, err, answer):
            if pipe is not None:
                pipe.close_writing()
        return process

    def _command(self, answer: "_Pipe | None") -> list[str]:
        return [*self.argv] if answer is None else [*self.argv, str(answer.writing)]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        return {**kept, **self.environment}

    async def _attend(
        self, process: asyncio.subprocess.Process, out: "_Pipe", err: "_Pipe", answer: "_Pipe | None"
    ) -> Ended:
        stdout, stderr = (_Output(self.on_line, self.hide, is_error=is_error) for is_error in (False, True))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed(process))
            group.create_task(stdout.read(out))
            group.create_task(stderr.read(err))
            answered = None if answer is None else group.create_task(_answer(answer))
        exit_code = await process.wait()
        answer_bytes = b"" if answered is None else answered.result()
        if len(answer_bytes) > MAX_ANSWER_BYTES:
            raise CodeFailed(f"the result has more than {MAX_ANSWER_BYTES:,} bytes; write it to a file")
        return Ended(exit_code, stdout.end, stderr.end, answer_bytes)

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        # A program may end, or close its input, without reading all of it.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(self.stdin)
            await process.stdin.drain()
            process.stdin.close()
            await process.stdin.wait_closed()


@dataclass(slots=True)
class _Output:
    """One stream: its lines are told as they come, its end is kept."""

    on_line: Callable[[str, bool], None]
    hide: Callable[[str], str]
    is_error: bool
    _kept: str = ""
    _lines: int = 0
    _open: str = field(default="")

    @property
    def end(self) -> str:
        return self.hide(self._kept)[-MAX_KEPT:]

    async def read(self, pipe: "_Pipe") -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        async for chunk in pipe.chunks():
            text = decoder.decode(chunk)
            self._kept = (self._kept + text)[-MAX_KEPT - _MARGIN :]
            *whole, rest = (self._open + text).split("\n")
            for line in whole:
                self._tell(line)
            self._open = rest[: LONGEST_LINE + _MARGIN]
        if self._open:
            self._tell(self._open)

    def _tell(self, line: str) -> None:
        self._lines += 1
        if self._lines <= MAX_LOGGED and line.strip():
            self.on_line(self.hide(line.rstrip("\r"))[:LONGEST_LINE], self.is_error)
        elif self._lines == MAX_LOGGED + 1:
            self.on_line(f"more than {MAX_LOGGED:,} lines: the rest is not logged", self.is_error)


class _Pipe:
    """What a program writes and we read; closed with the block, whoever else still holds its other end."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self._transport: asyncio.ReadTransport | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_writing()
        if self._transport is not None:
            self._transport.close()
        elif self._reading >= 0:
            os.close(self._reading)

    async def chunks(self) -> AsyncIterator[bytes]:
        reader = asyncio.StreamReader()
        pipe = os.fdopen(self._reading, "rb", buffering=0)
        self._reading = -1
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        while chunk := await reader.read(_CHUNK):
            yield chunk

    def close_writing(self) -> None:
        if self.writing >= 0:
            os.close(self.writing)
            self.writing = -1


async def _answer(pipe: _Pipe) -> bytes:
    """What comes beside the standard streams, so that what a program prints is not taken for its result."""
    content = bytearray()
    async for chunk in pipe.chunks():
        # Read to its end, so that the program can end; what is too long is not kept.
        content += chunk[: MAX_ANSWER_BYTES + 1 - len(content)]
    return bytes(content)


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """Ends the program and whatever it left: asked first, then killed."""
    _signal_group(process, signal.SIGTERM)
    if process.returncode is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), KILL_AFTER_SECONDS)
    _signal_group(process, signal.SIGKILL)
    await process.wait()


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # Started as the leader of its group, which may outlive it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
