"""Log lines: JSON in production, readable in development; never a token, key, password or payload."""

import logging
import sys

import structlog

from shared.config import Environment, ServiceSettings


def configure_logs(settings: ServiceSettings, service: str) -> None:
    """Set up structlog for this process; call once, before anything logs."""
    as_json = settings.log_json if settings.log_json is not None else settings.environment is Environment.PRODUCTION
    renderer = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    for library in ("aiormq", "aio_pika", "apscheduler"):
        # What they have to say about lost connections and late wake-ups is said by us, with context.
        logging.getLogger(library).setLevel(logging.CRITICAL)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
