"""How large a job's variables may be: they travel with every claim, and many stand in one write."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.workflows.domain.limits import MAX_LEVELS
from shared.kernel.errors import Invalid
from shared.kernel.json_limits import nesting_exceeds

MAX_VARIABLES_BYTES: Final = 256 * 1024
"""As compact JSON."""


def check_variables(field: str, variables: Mapping[str, Any]) -> None:
    """Raises `Invalid` naming `field` when the variables are nested too deep or too large."""
    if nesting_exceeds(variables, MAX_LEVELS):
        raise Invalid.field(field, f"is nested more than {MAX_LEVELS} levels deep")
    n_bytes = len(msgspec.json.encode(variables))
    if n_bytes > MAX_VARIABLES_BYTES:
        raise Invalid.field(field, f"takes {n_bytes} bytes; at most {MAX_VARIABLES_BYTES} are allowed")
