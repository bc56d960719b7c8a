"""Nodes that run commands and Python code. Off unless the robot's own configuration allows them."""

import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from robot.errors import CodeFailed, InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.programs import Ended, Program
from robot.settings import ALLOW_PYTHON, ALLOW_SHELL
from robot.values import encode_json, kind_of, text_of

nodes = NodeTable()

_RUNNER: Final = Path(__file__).parents[1] / "python_runner.py"
LONGEST_SECONDS: Final = 86_400


@nodes.register("ShellNode", "ShellCommandNode", needs=ALLOW_SHELL)
async def run_command(context: NodeContext) -> Outcome:
    """Runs a command: `argv`, a list of texts (preferred: nothing is interpreted), or `command`, a line for the shell.

    `cwd` inside the working directory, `env` {name: value} added to a clean environment, `stdin`, `timeout_seconds`
    (300), `fail_on_error` (true). Offers `exit_code`, `stdout` and `stderr`, the last of each where they are long;
    their lines go to the job's log. The command and all that it started end with the timeout and with the job.
    """
    seconds = context.number("timeout_seconds", 300, least=0.1, most=LONGEST_SECONDS)
    program = Program(
        argv=_argv(context),
        cwd=_folder(context),
        environment=_texts(context, "env"),
        stdin=text_of(context.value("stdin", "")).encode(),
        on_line=lambda line, is_error: context.log(line, "warning" if is_error else "info"),
        hide=context.run.secrets.text,
    )
    ended = await program.run(context.run.cancel, seconds)
    if ended.exit_code != 0 and context.flag("fail_on_error", default=True):
        raise CodeFailed(f"the command ended with exit code {ended.exit_code}{_reason(ended)}")
    return Outcome({"exit_code": ended.exit_code, "stdout": ended.stdout, "stderr": ended.stderr})


@nodes.register("PythonNode", "PythonCodeNode", needs=ALLOW_PYTHON)
async def run_python(context: NodeContext) -> Outcome:
    """Runs Python `code` in a process of its own, which sees the record `inputs` and sets the variable `result`.

    Its interpreter is the robot's, isolated (`-I`), with a clean environment, in the working directory. `inputs` {name:
    value} and `result` are JSON. `timeout_seconds` (300). Offers `result`; what it prints goes to the job's log. An
    exception fails the node with its type and message.
    """
    # As it is written: braces of Python are no templates.
    code = context.inputs.get("code", context.node.config.get("code"))
    if not isinstance(code, str) or not code.strip():
        raise InvalidConfig("`code` has to be a text")
    inputs = context.value("inputs", {})
    if not isinstance(inputs, dict):
        raise InvalidConfig(f"`inputs` has to be a record, not {kind_of(inputs)}")
    seconds = context.number("timeout_seconds", 300, least=0.1, most=LONGEST_SECONDS)
    program = Program(
        argv=[sys.executable, "-I", str(_RUNNER)],
        cwd=context.run.files.root,
        environment={},
        stdin=encode_json({"code": code, "inputs": inputs}),
        on_line=lambda line, is_error: context.log(line, "warning" if is_error else "info"),
        hide=context.run.secrets.text,
        takes_answer=True,
    )
    ended = await program.run(context.run.cancel, seconds)
    return Outcome({"result": _result(ended)})


def _argv(context: NodeContext) -> list[str]:
    if context.has("argv") == context.has("command"):
        raise InvalidConfig("either `argv`, a list of texts, or `command`, a line for the shell, says what to run")
    if context.has("command"):
        return ["/bin/sh", "-c", context.text("command")]
    argv = context.value("argv")
    if not isinstance(argv, list) or not argv:
        raise InvalidConfig("`argv` has to be a list of texts")
    words = [text_of(word) for word in argv]
    if not words[0] or any("\0" in word for word in words):
        raise InvalidConfig("`argv` has to begin with a program, and no word of it can hold a null character")
    return words


def _folder(context: NodeContext) -> Path:
    folder = context.run.files.resolve(context.text("cwd")) if context.has("cwd") else context.run.files.root
    if not folder.is_dir():
        raise InvalidConfig("`cwd` is not a folder")
    return folder


def _texts(context: NodeContext, name: str) -> dict[str, str]:
    values = context.value(name, {})
    if not isinstance(values, dict):
        raise InvalidConfig(f"`{name}` has to be a record, not {kind_of(values)}")
    return {key: text_of(value) for key, value in values.items()}


def _reason(ended: Ended) -> str:
    lines = ended.stderr.strip().splitlines()
    return f": {lines[-1][:500]}" if lines else ""


def _result(ended: Ended) -> Any:
    try:
        answer = msgspec.json.decode(ended.answer)
    except (msgspec.DecodeError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise CodeFailed(f"the code ended its process with exit code {ended.exit_code}{_reason(ended)}")
    if "error" in answer:
        raise CodeFailed(str(answer["error"]))
    return answer.get("result")
