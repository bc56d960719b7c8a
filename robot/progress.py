"""How far a workflow is, as a percentage that never goes back."""

from collections.abc import Awaitable, Callable

ProgressCallback = Callable[[int, str | None, str | None], Awaitable[None]]


class Progress:
    """Counts each node once, one that tells how far it is by that share until it is done.

    The nodes of a loop's body count by the share of its rounds that are done.
    """

    def __init__(self, total_nodes: int, tell: ProgressCallback) -> None:
        self._total = max(total_nodes, 1)
        self._tell = tell
        self._current: str | None = None
        self._done: set[str] = set()
        self._loop: str | None = None
        self._body: set[str] = set()
        self._share = 0.0
        self._shares: dict[str, float] = {}
        self._best = 0

    async def node_started(self, node_id: str) -> None:
        """Tells that control is at the node."""
        self._current = node_id
        await self._tell(self.percent, node_id, None)

    async def say(self, message: str, *, node_id: str | None = None, share: float | None = None) -> None:
        """Tells what a node has to say, and counts it by `share`, 0 to 1; one that goes back is not counted."""
        if node_id is not None and share is not None and share > self._shares.get(node_id, 0.0):
            self._shares[node_id] = min(share, 1.0)
        await self._tell(self.percent, self._current, message)

    def inside(self, place: str) -> "Progress":
        """Returns what a sub-workflow reports to: it names its nodes, and counts as the one node that it is."""
        return _SubProgress(self, place)

    async def show(self, node_id: str) -> None:
        """Tells that control is at a node that is not counted."""
        self._current = node_id
        await self._tell(self.percent, node_id, None)

    async def finished(self) -> None:
        """Tells that the workflow is at its end."""
        self._best = 100
        await self._tell(100, None, None)

    def enter_loop(self, node_id: str, body: set[str]) -> None:
        """Counts `body` by rounds from now on; loops inside a loop are part of its rounds."""
        if self._loop is None:
            self._loop, self._body, self._share = node_id, body - self._done, 0.0

    def round_done(self, node_id: str, rounds: int, of: int) -> None:
        """Counts the loop's rounds, `rounds` of `of`."""
        if node_id == self._loop:
            self._share = rounds / max(of, 1)

    def leave_loop(self, node_id: str) -> None:
        """Counts the loop's whole body as done, branches not taken included."""
        if node_id == self._loop:
            self._done |= self._body
            self._loop, self._body, self._share = None, set(), 0.0

    def node_done(self, node_id: str) -> None:
        """Counts the node."""
        if node_id not in self._body:
            self._done.add(node_id)

    @property
    def percent(self) -> int:
        """Returns 0 to 99; only the end of the workflow is 100."""
        done = len(self._done) + len(self._body) * self._share
        counted = self._done | self._body
        done += sum(share for node_id, share in self._shares.items() if node_id not in counted)
        self._best = max(self._best, min(99, int(100 * done / self._total)))
        return self._best


class _SubProgress(Progress):
    def __init__(self, outer: Progress, place: str) -> None:
        super().__init__(1, tell_nobody)
        self._outer = outer
        self._place = place

    async def node_started(self, node_id: str) -> None:
        await self._outer.show(self._place + node_id)

    async def show(self, node_id: str) -> None:
        await self._outer.show(node_id)


async def tell_nobody(_percent: int, _node_id: str | None, _message: str | None) -> None:
    """Takes progress that nobody watches."""
