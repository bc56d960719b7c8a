"""A robot of one's own, in a program of one's own."""

import asyncio
from collections.abc import Callable
from typing import Any, Self

from pydantic import ValidationError

from robot.main import Refused, first_fault, work
from robot.node_functions import DECORATED, node_types_of
from robot.nodes import NODE_TYPES, NodeTable
from robot.plugins import with_types
from robot.settings import RobotSettings


class RobotRefused(Exception):
    """The robot cannot work as it is configured, or the server will not have it."""


class Robot:
    """Takes jobs until it is told to stop.

    Settings that are not given come from `CASARE_ROBOT_*`; `settings` takes the others by their names there in lower
    case, such as `max_concurrent_jobs=3`. It knows the built-in node types, those of plug-ins, every function with
    `@node` in this process, and what `add` adds.
    """

    def __init__(
        self, url: str | None = None, api_key: str | None = None, robot_id: str | None = None, **settings: Any
    ) -> None:
        given = {"url": url, "api_key": api_key, "id": robot_id, **settings}
        unknown = given.keys() - RobotSettings.model_fields.keys()
        if unknown:
            raise TypeError(f"a robot has no setting {', '.join(sorted(unknown))}")
        try:
            self._settings = RobotSettings(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise RobotRefused(first_fault(error)) from error
        self._added = NodeTable()

    @property
    def settings(self) -> RobotSettings:
        """Returns the settings in force."""
        return self._settings

    def add(self, *nodes: Callable[..., Any] | NodeTable) -> Self:
        """Adds functions with `@node`, or tables of node types. Raises TypeError, NodeNameTaken."""
        for each in nodes:
            types = node_types_of(each)
            if not types:
                raise TypeError(f"{each!r} is no node type: decorate it with @node(name)")
            self._added = with_types(self._added, types)
        return self

    def run(self) -> None:
        """Works until SIGTERM or Ctrl-C: running jobs may finish within the grace period, else they are given back.

        Raises RobotRefused.
        """
        asyncio.run(self.serve())

    async def serve(self, stop: asyncio.Event | None = None) -> None:
        """As `run`, inside a loop that is running already; with `stop`, until that is set, whatever the signals."""
        table = with_types(with_types(NODE_TYPES, DECORATED), self._added)
        try:
            await work(self._settings, node_types=table, stop=stop)
        except Refused as error:
            raise RobotRefused(str(error)) from error
