"""Errors of the scheduling rules."""

from shared.kernel.errors import Invalid


class InvalidCron(Invalid):
    """The text is not a cron expression, or one that never fires; the message says which part is wrong."""

    code = "INVALID_CRON"


class InvalidTimezone(Invalid):
    """The text is not the name of an IANA time zone."""

    code = "INVALID_TIMEZONE"
