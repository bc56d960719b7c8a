"""Nodes that run Robot Framework."""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from robot.errors import FileFailed, InvalidConfig, OutsideFailed, WorkflowError
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.robot_framework.run import FrameworkRun, Suite, running
from robot.settings import ALLOW_FRAMEWORK
from robot.values import kind_of, plain, text_of

nodes = NodeTable()

DEFAULT_PYTHON: Final = Path(__file__).parents[2] / ".venv-robotframework" / "bin" / "python"
LOG_LEVELS: Final = ("TRACE", "DEBUG", "INFO", "WARN", "NONE")
_LAST_SECONDS: Final = 2.0
MAX_LOG_LINES: Final = 2_000
MAX_FAILURES: Final = 50
MAX_MESSAGE: Final = 500
MAX_TEXT: Final = 2_000
_TEXTS: Final = ("name", "suite", "message")
_LEVELS: Final = {"TRACE": "debug", "DEBUG": "debug", "WARN": "warning", "ERROR": "error", "FAIL": "error"}
# Exit codes up to this count the tests that failed; beyond, nothing was run as it should.
_MOST_FAILED: Final = 250
_MISSING: Final = (
    "Robot Framework is not installed for this robot: `make robotframework` installs it, or "
    "CASARE_ROBOT_FRAMEWORK_PYTHON names an interpreter that has it"
)


@nodes.register("robot_framework.run", needs=ALLOW_FRAMEWORK)
async def run(context: NodeContext) -> Outcome:
    """Runs a `.robot` file, or a folder of them, in a process of its own; stopping the job ends it and what it started.

    A suite can do whatever the robot's user can, so the robot has to allow it.

    `suite` (a path), `variables` (a record; they keep their types), `include` and `exclude` (lists of tags), `tests` (a
    list of names), `environment` (a record; nothing of the robot's own is passed on but PATH, HOME, language and the
    like), `output_folder` (`robot_framework/` and the suite's name), `log_level` (INFO; of what goes to the job's log
    and log.html), `timeout_seconds` (3,600, at most 86,400), `fail_job` (true): whether a failed test fails the node.

    Outputs `status` (PASS, FAIL or SKIP), `total`, `passed`, `failed`, `skipped`, `failures` (the first 50: name,
    suite, message), `summary` (a text), `seconds`, and the paths `log_html`, `report_html`, `output_xml`. Each keyword
    is shown as the job's progress message, with the share of the run that is done; the job's percentage grows by it.

    Fails with TESTS_FAILED, FRAMEWORK_TIMEOUT, FRAMEWORK_REFUSED (no test, or an option that is wrong),
    FRAMEWORK_MISSING or FRAMEWORK_FAILED; none is worth a retry by itself.
    """
    suite, seconds = _suite(context), context.number("timeout_seconds", 3_600, least=1, most=86_400)
    fails = context.flag("fail_job", default=True)
    story = _Story()
    try:
        code, complaint = await context.run.cancel.race(asyncio.wait_for(_watched(context, suite, story), seconds))
    except TimeoutError as error:
        message = f"the suite was not done within {seconds:g} s; the log is {_shown(context, suite, 'log.html')}"
        raise OutsideFailed(message, error_type="FRAMEWORK_TIMEOUT") from error
    except OSError as error:
        raise OutsideFailed(_MISSING, error_type="FRAMEWORK_MISSING") from error
    if not story.is_told or code > _MOST_FAILED:
        raise _not_run(code, context.run.secrets.text(complaint))
    if fails and story.failed:
        text = f"{story.summary()}; the log is {_shown(context, suite, 'log.html')}"
        raise OutsideFailed(text, error_type="TESTS_FAILED")
    files = {name: _shown(context, suite, name.replace("_", ".")) for name in ("log_html", "report_html", "output_xml")}
    return Outcome({**story.outputs(), **files})


def _suite(context: NodeContext) -> Suite:
    limits, files = context.run.limits, context.run.files
    if not hasattr(os, "killpg"):
        raise OutsideFailed("suites run on Linux and macOS only", error_type="FRAMEWORK_MISSING")
    name = context.text("suite")
    path = files.resolve(name)
    if not path.exists():
        raise FileFailed(f"there is no file {name!r}")
    output = files.resolve(context.text("output_folder", f"robot_framework/{path.stem}"))
    level = context.text("log_level", "INFO").upper()
    if level not in LOG_LEVELS:
        raise InvalidConfig(f"`log_level` is one of {', '.join(LOG_LEVELS)}")
    options = [f"--loglevel={level}"]
    for setting, option in (("include", "include"), ("exclude", "exclude"), ("tests", "test")):
        options += [f"--{option}={value}" for value in _texts(context, setting)]
    environment = {key: text_of(value) for key, value in _record(context, "environment").items()}
    return Suite(
        python=limits.framework_python or DEFAULT_PYTHON,
        path=path,
        output_folder=output,
        workdir=files.root,
        options=tuple(options),
        variables=plain(_record(context, "variables")),
        environment=environment,
    )


def _texts(context: NodeContext, name: str) -> list[str]:
    value = context.value(name) or []
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise InvalidConfig(f"`{name}` has to be a list of texts")
    return values


def _record(context: NodeContext, name: str) -> dict[str, Any]:
    value = context.value(name) or {}
    if not isinstance(value, dict) or not all(isinstance(key, str) and "\0" not in key for key in value):
        raise InvalidConfig(f"`{name}` has to be a record, not {kind_of(value)}")
    return value


async def _watched(context: NodeContext, suite: Suite, story: "_Story") -> tuple[int, str]:
    async with running(suite) as framework:
        following = asyncio.create_task(_follow(context, framework, story))
        try:
            ended = await framework.ended()
            # What was told last may still be on its way.
            await asyncio.wait({following}, timeout=_LAST_SECONDS)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        return ended


async def _follow(context: NodeContext, framework: FrameworkRun, story: "_Story") -> None:
    lines = 0
    async for told in framework.events():
        event = told | {name: _short(context, told[name]) for name in _TEXTS if name in told}
        shown = story.take(event)
        if shown is not None:
            await context.say(shown, story.share)
        line = _line(event)
        if line is not None and lines <= MAX_LOG_LINES:
            lines += 1
            context.log(*(line if lines <= MAX_LOG_LINES else ("more is in log.html", "info")))


def _short(context: NodeContext, text: str) -> str:
    return context.run.secrets.text(text)[:MAX_TEXT]


def _line(event: dict[str, Any]) -> tuple[str, str] | None:
    """Returns what the job's log is told of the event, and the level."""
    if event["event"] == "log":
        return event["message"], _LEVELS.get(event["level"], "info")
    if event["event"] == "result":
        reason = f": {event['message']}" if event["message"] else ""
        return f"{event['status']} {event['name']}{reason}", "error" if event["status"] == "FAIL" else "info"
    return None


@dataclass(slots=True)
class _Story:
    """What the listener has told so far."""

    tests: int = 0
    test: str = ""
    share: float = 0.0
    is_told: bool = False
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list[dict[str, str]] = field(default_factory=list)

    def take(self, event: dict[str, Any]) -> str | None:
        """Takes what happened; returns the progress message that it makes."""
        kind = event["event"]
        if kind == "start":
            self.tests = event["tests"]
        elif kind == "test":
            self.test = event["name"]
        elif kind == "keyword":
            self.share = event["share"]
            return f"{self.share:.0%} of {self.tests} tests – {self.test or 'suite setup'}: {event['name']}"
        elif kind == "result":
            self._ended(event)
        elif kind == "end":
            self.is_told = True
            self.passed, self.failed, self.skipped = event["passed"], event["failed"], event["skipped"]
        return None

    def _ended(self, event: dict[str, Any]) -> None:
        self.seconds += event["seconds"]
        if event["status"] == "FAIL" and len(self.failures) < MAX_FAILURES:
            about = {name: event[name][:MAX_MESSAGE] for name in ("name", "suite", "message")}
            self.failures.append(about)

    def summary(self) -> str:
        """Returns the outcome in one line, with the first failure."""
        total = self.passed + self.failed + self.skipped
        counts = f"{self.failed} of {total} tests failed" if self.failed else f"{self.passed} of {total} tests passed"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        first = f": {self.failures[0]['name']}: {self.failures[0]['message']}" if self.failures else ""
        return counts + skipped + first

    def outputs(self) -> dict[str, Any]:
        """Returns the node's outputs but for the files."""
        return {
            "status": "FAIL" if self.failed else "PASS" if self.passed else "SKIP",
            "total": self.passed + self.failed + self.skipped,
            "passed": self.passed,
            "failed": self.failed,
            "skipped": self.skipped,
            "failures": self.failures,
            "summary": self.summary(),
            "seconds": round(self.seconds, 3),
        }


def _shown(context: NodeContext, suite: Suite, name: str) -> str:
    return context.run.files.shown(suite.output_folder / name)


def _not_run(code: int, complaint: str) -> WorkflowError:
    if "No module named" in complaint and code == 1:
        return OutsideFailed(_MISSING, error_type="FRAMEWORK_MISSING")
    first = complaint.partition("\n")[0][:MAX_MESSAGE] or f"exit code {code}"
    kind = "FRAMEWORK_REFUSED" if code == _MOST_FAILED + 2 else "FRAMEWORK_FAILED"
    return OutsideFailed(f"Robot Framework did not run the suite: {first}", error_type=kind)
