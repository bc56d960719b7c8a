"""Tells a robot what a Robot Framework run does, as JSON lines on a file descriptor.

Stands alone: Robot Framework (listener API version 3) loads it by its path, in an interpreter without the project.

{"event": "start", "tests": N}                           once, before the first suite
{"event": "test", "name", "suite"}                       a test begins
{"event": "keyword", "name", "share": 0.0 to 1.0}        a keyword of the test begins; share of the run that is done
{"event": "log", "level", "message"}                     what a keyword logs
{"event": "result", "name", "suite", "status", "message", "seconds"}
{"event": "end", "passed", "failed", "skipped"}
"""

import json
import os
import signal
from typing import Any

# More than is shown: the robot takes secrets out first, and finds only those that are whole.
MAX_TEXT = 20_000


class listener:  # noqa: N801 (Robot Framework finds it by the name of its file)
    """One run. Its argument is the file descriptor."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, descriptor: str) -> None:
        self._descriptor = int(descriptor)
        # What the suite starts shall not keep the robot waiting for more to be told.
        os.set_inheritable(self._descriptor, False)
        self._depth = 0
        self._tests = 0
        self._tests_done = 0
        self._steps = 1
        self._steps_done = 0
        self._in_test = False

    def start_suite(self, data: Any, _result: Any) -> None:
        if self._depth == 0:
            self._tests = data.test_count
            self._tell("start", tests=self._tests)
        self._depth += 1

    def end_suite(self, _data: Any, result: Any) -> None:
        self._depth -= 1
        if self._depth == 0:
            totals = result.statistics
            self._tell("end", passed=totals.passed, failed=totals.failed, skipped=totals.skipped)

    def start_test(self, data: Any, _result: Any) -> None:
        self._in_test = True
        self._steps_done, self._steps = 0, max(1, len(data.body) + data.has_setup + data.has_teardown)
        self._tell("test", name=data.name, suite=data.parent.full_name)

    def end_test(self, data: Any, result: Any) -> None:
        self._in_test = False
        self._tests_done += 1
        told = {"name": data.name, "suite": data.parent.full_name, "seconds": result.elapsed_time.total_seconds()}
        self._tell("result", status=result.status, message=result.message, **told)

    def start_keyword(self, data: Any, result: Any) -> None:
        self._tell("keyword", name=result.full_name or data.name, share=self._share())

    def end_keyword(self, data: Any, _result: Any) -> None:
        # Only the test's own steps are known beforehand; what they call counts with them.
        if self._in_test and type(data.parent).__name__ == "TestCase":
            self._steps_done = min(self._steps, self._steps_done + 1)

    def log_message(self, message: Any) -> None:
        text = "(HTML, see the log)" if message.html else message.message
        self._tell("log", level=message.level, message=text)

    def _share(self) -> float:
        inside = self._steps_done / self._steps if self._in_test else 0.0
        return min(1.0, (self._tests_done + inside) / max(1, self._tests))

    def _tell(self, event: str, **told: Any) -> None:
        short = {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in told.items()}
        line = json.dumps({"event": event, **short}).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except BrokenPipeError:
            # The robot is gone, and with it whoever wanted to know.
            os.kill(os.getpid(), signal.SIGTERM)
