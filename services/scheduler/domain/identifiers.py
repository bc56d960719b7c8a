"""Identifiers that callers send."""

from shared.kernel.errors import Invalid
from shared.kernel.ids import is_uuid


def parse_uuid(field: str, text: str) -> str:
    """The UUID as it is stored, in lower case. Raises `Invalid` naming `field` for anything else."""
    if not is_uuid(text):
        raise Invalid.field(field, "is not a UUID")
    return text.lower()
