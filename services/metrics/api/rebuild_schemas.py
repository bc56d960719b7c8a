"""How far a rebuild of the figures is."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.metrics.domain.rebuild import Rebuild, RebuildState
from shared.kernel.clock import to_datetime, to_optional_datetime


class RebuildBody(BaseModel):
    """The latest rebuild of the figures."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rebuild_id": "01a20642-32ca-7384-9a7f-639d9fdc8ef0",
                    "status": "running",
                    "requested_at": "2026-01-01T12:00:00Z",
                    "finished_at": None,
                    "days_done": 17,
                    "days_total": 122,
                    "total_kept": False,
                }
            ]
        }
    )

    rebuild_id: str
    status: RebuildState
    requested_at: datetime
    finished_at: datetime | None
    days_done: int
    days_total: int = Field(description="0 until the work has begun")
    total_kept: bool = Field(
        description="whether Prometheus' totals stayed as they were: they count jobs that are gone, and never fall"
    )


def rebuild_body(rebuild: Rebuild) -> RebuildBody:
    """How far a rebuild is."""
    return RebuildBody(
        rebuild_id=rebuild.rebuild_id,
        status=rebuild.state,
        requested_at=to_datetime(rebuild.requested_ms),
        finished_at=to_optional_datetime(rebuild.finished_ms),
        days_done=rebuild.days_done,
        days_total=rebuild.days_total,
        total_kept=rebuild.total_kept,
    )
