"""When a new or re-enabled schedule runs first; also where bad cron expressions are told apart."""

from services.scheduler.domain.cron import validate_cron
from services.scheduler.domain.errors import InvalidCron, InvalidTimezone
from services.scheduler.domain.next_due import next_due
from shared.kernel.errors import FieldError


def first_run_ms(cron: str, timezone: str, now_ms: int) -> int | None:
    """The first due time after `now_ms`. Raises InvalidCron and InvalidTimezone, which name their field."""
    try:
        validate_cron(cron)
        return next_due(cron, timezone, now_ms)
    except InvalidCron as error:
        raise InvalidCron(error.detail, [FieldError("cron_expression", error.detail)]) from error
    except InvalidTimezone as error:
        raise InvalidTimezone(error.detail, [FieldError("timezone", error.detail)]) from error
