"""The process that runs a job's patterns."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from robot.errors import InvalidConfig, OutsideFailed, ResultTooLarge

WORKER: Final = Path(__file__).with_name("worker.py")
MAX_ANSWER: Final = 128_000_000
_START_SECONDS: Final = 20.0


class PatternProcess:
    """Started at the first question and again after one that had to be killed; answers one question at a time."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def ask(self, question: dict[str, Any], *, seconds: float) -> Any:
        """Returns the answer. Raises InvalidConfig, ResultTooLarge, or OutsideFailed after `seconds`."""
        line = json.dumps(question).encode() + b"\n"
        async with self._turn:
            try:
                answer = json.loads(await self._answer(line, seconds))
            except BaseException as error:
                # Whatever cut the exchange off, its answer must not be taken for that of the next question.
                await self._kill()
                if isinstance(error, OSError | ValueError | EOFError | asyncio.LimitOverrunError):
                    raise OutsideFailed("the process for patterns ended", error_type="PATTERN_FAILED") from error
                raise
        return _value(answer)

    async def _answer(self, line: bytes, seconds: float) -> bytes:
        process = await self._started()
        try:
            async with asyncio.timeout(seconds):
                return await _exchange(process, line)
        except TimeoutError as error:
            message = f"the pattern was not done with the text within {seconds:g} s: make it less ambiguous"
            raise OutsideFailed(message, error_type="PATTERN_TIMEOUT") from error

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-B", str(WORKER)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                limit=MAX_ANSWER,
            )
            # Starting Python is not the pattern's fault.
            warm_up = json.dumps({"verb": "first", "pattern": "", "text": "", "flags": [], "full": False}).encode()
            async with asyncio.timeout(_START_SECONDS):
                await _exchange(self._process, warm_up + b"\n")
        return self._process

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.communicate()

    async def close(self) -> None:
        """Ends the process."""
        await self._kill()


async def _exchange(process: asyncio.subprocess.Process, line: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    await process.stdin.drain()
    return await process.stdout.readuntil(b"\n")


def _value(answer: dict[str, Any]) -> Any:
    if answer.get("error") == "pattern":
        raise InvalidConfig(f"not a pattern that can be used: {answer['detail']}")
    if answer.get("error") == "size":
        raise ResultTooLarge("the pattern finds more than a workflow can hold")
    return answer["value"]


async def started() -> PatternProcess:
    """Returns one for a job; the process itself starts with the first question."""
    return PatternProcess()
