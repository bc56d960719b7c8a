"""Shows a tenant's recent events."""

from dataclasses import dataclass

from services.metrics.domain.activity import ActivityEntry
from services.metrics.ports import ActivityQuery, ActivityStore


@dataclass(frozen=True, slots=True)
class Activity:
    """The newest entries, and how many match in all."""

    entries: list[ActivityEntry]
    total: int


class ListActivity:
    """Newest first."""

    def __init__(self, activity: ActivityStore) -> None:
        self._activity = activity

    async def __call__(self, *, query: ActivityQuery) -> Activity:
        """The entries asked for. Raises `Unavailable`."""
        entries = await self._activity.newest(query)
        # Fewer than asked for are all there are; a page that is full may hide more.
        total = len(entries) if len(entries) < query.limit else await self._activity.count(query)
        return Activity(entries, total)
