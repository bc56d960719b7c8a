"""One line of control through a workflow. A run has one; each branch of a ParallelNode has its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from robot.nodes.context import RunScope


@dataclass(slots=True)
class Strand:
    """Where control is: inside which loops, try bodies and branches, and what ran in the present round of each loop."""

    scope: RunScope
    outer: tuple[str, ...] = ()
    """Nodes that the strand this one left was inside of."""
    bodies: list[str] = field(default_factory=list)
    """Nodes whose bodies are being followed, loops among them."""
    rounds: list[set[str]] = field(default_factory=list)
    """For each loop, the nodes that ran in its present round."""

    def is_inside(self, node_id: str) -> bool:
        """Returns whether control is in a body of that node."""
        return node_id in self.bodies or node_id in self.outer

    @property
    def loop_depth(self) -> int:
        """Returns how many loops of this strand are around control."""
        return len(self.rounds)

    @contextmanager
    def body_of(self, node_id: str) -> Iterator[None]:
        """Follows a body of the node for the length of the block."""
        self.bodies.append(node_id)
        try:
            yield
        finally:
            self.bodies.pop()

    @contextmanager
    def loop_of(self, node_id: str) -> Iterator[set[str]]:
        """As `body_of`; gives what ran in the round, to be emptied at each new one."""
        ran: set[str] = set()
        self.rounds.append(ran)
        try:
            with self.body_of(node_id):
                yield ran
        finally:
            self.rounds.pop()
            self.ran(*ran)

    def ran(self, *node_ids: str) -> None:
        """Notes that the nodes ran in the present round."""
        if self.rounds:
            self.rounds[-1].update(node_ids)

    def fork(self, scope: RunScope, node_id: str) -> "Strand":
        """Returns a strand of its own inside `node_id`. It may end itself, but not the loops around it."""
        return Strand(scope, (*self.outer, *self.bodies, node_id))
