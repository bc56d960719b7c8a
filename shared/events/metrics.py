"""Events of the metrics service."""

from typing import ClassVar

from shared.events.envelope import EventData


class MetricsRebuildRequested(EventData, frozen=True):
    """An admin asked for all figures to be counted again from the jobs."""

    TYPE: ClassVar[str] = "metrics.rebuild_requested"
    SOURCE: ClassVar[str] = "metrics"

    rebuild_id: str


class MetricsRebuilt(EventData, frozen=True):
    """That has ended."""

    TYPE: ClassVar[str] = "metrics.rebuilt"
    SOURCE: ClassVar[str] = "metrics"

    rebuild_id: str
    status: str
    """`done` or `failed`."""
    attempts: int = 0
