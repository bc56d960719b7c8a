"""Parameters that several routes have."""

from typing import Annotated

from fastapi import Path, Query

JobId = Annotated[str, Path(min_length=1, max_length=64, description="the job's id")]
PrintableId = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
