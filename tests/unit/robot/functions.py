"""Executors that know the node types of functions."""

from pathlib import Path

from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.node_functions import node_types_of
from robot.nodes import NODE_TYPES
from robot.plugins import with_types
from robot.secrets import SecretSource


def executor_of(tmp_path: Path, *functions: object) -> Executor:
    types = with_types(NODE_TYPES, (each for function in functions for each in node_types_of(function)))
    source = SecretSource({"CASARE_SECRET_TOKEN": "token-of-the-robot"})
    return Executor(WorkingDirectory(tmp_path), node_types=types, secrets=source)
