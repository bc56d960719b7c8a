"""Shows the latest rebuild."""

from services.metrics.domain.rebuild import Rebuild, RebuildNotFound
from services.metrics.ports import RebuildStore


class ShowRebuild:
    """How far it is."""

    def __init__(self, rebuilds: RebuildStore) -> None:
        self._rebuilds = rebuilds

    async def __call__(self) -> Rebuild:
        """The latest rebuild. Raises `RebuildNotFound`, `Unavailable`."""
        latest = await self._rebuilds.latest()
        if latest is None:
            raise RebuildNotFound("The figures were never rebuilt.")
        return latest
