"""Keeps an event in its tenant's activity."""

from services.metrics.domain.activity import entry_of
from services.metrics.ports import ActivityStore
from shared.events import CloudEvent


class RecordActivity:
    """The event's id makes it repeatable: the second time finds the first."""

    def __init__(self, activity: ActivityStore) -> None:
        self._activity = activity

    async def __call__(self, event: CloudEvent) -> bool:
        """Whether the event was new. Raises `MalformedEvent`, `Unavailable`; after both nothing has changed."""
        return await self._activity.add(entry_of(event))
