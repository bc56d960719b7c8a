"""What a node function may see and do: its parameter `context`."""

import asyncio
from collections.abc import Mapping
from typing import Any

from robot.files import WorkingDirectory
from robot.nodes.context import NodeContext


class NodeCall:
    """One execution of one node function. Every method may be called from any thread, and returns at once."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._said: set[asyncio.Task[None]] = set()

    @property
    def node_id(self) -> str:
        """Returns the id of the node in its workflow."""
        return self._context.node.node_id

    @property
    def config(self) -> Mapping[str, Any]:
        """Returns the node's settings as they were written, templates and all."""
        return self._context.node.config

    @property
    def variables(self) -> Mapping[str, Any]:
        """Returns the workflow's variables; `set_variable` changes them."""
        return self._context.run.variables

    @property
    def files(self) -> WorkingDirectory:
        """Returns the robot's working directory: `read`, `write` and `resolve` by names that cannot lead out of it."""
        return self._context.run.files

    @property
    def cancelled(self) -> bool:
        """Returns whether the job has to stop."""
        return self._context.run.cancel.reason is not None

    def check_cancelled(self) -> None:
        """Raises JobCancelled once the job has to stop; a node function that is not async calls it now and then."""
        self._context.run.cancel.check()

    def set_variable(self, name: str, value: Any) -> None:
        """Sets a variable of the workflow. A secret in the value is masked."""
        self._context.run.assign(name, value)

    def log(self, message: str, level: str = "info") -> None:
        """Writes a line to the job's log: debug, info, warning, error or critical."""
        self._context.log(message, level)

    def progress(self, message: str, share: float | None = None) -> None:
        """Shows a message at the job's progress bar; `share`, 0 to 1, is how much of this node is done.

        The share moves the bar, forward only. In a loop or a sub-workflow it does not: the loop's rounds count there,
        and the sub-workflow as one node.
        """
        self._loop.call_soon_threadsafe(self._say, message, share)

    def secret(self, name: str) -> str:
        """Returns a secret of the robot. Raises SecretNotFound. It is shown as `***` in whatever leaves the robot."""
        return self._context.run.secrets.value(name)

    def _say(self, message: str, share: float | None) -> None:
        task = self._loop.create_task(self._context.say(message, share))
        self._said.add(task)
        task.add_done_callback(self._said.discard)
