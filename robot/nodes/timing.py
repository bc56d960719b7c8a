"""Nodes that wait and that tell."""

import asyncio
import logging

import structlog

from robot.errors import InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.values import text_of

nodes = NodeTable()

_LOG = structlog.get_logger()
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
MAX_DELAY_SECONDS = 86_400.0
MAX_MESSAGE = 1_000


@nodes.register("DelayNode")
async def wait(context: NodeContext) -> Outcome:
    """Waits `seconds` (or `duration_ms`); stopping the job ends the wait."""
    if context.has("seconds"):
        seconds = context.number("seconds", 0, least=0, most=MAX_DELAY_SECONDS)
    else:
        seconds = context.number("duration_ms", 1_000, least=0, most=MAX_DELAY_SECONDS * 1_000) / 1_000
    await context.run.cancel.race(asyncio.sleep(seconds))
    return Outcome()


@nodes.register("LogNode")
async def tell(context: NodeContext) -> Outcome:
    """Writes `message` to the job's log and the robot's own, and shows it as the job's progress message.

    A secret in it is shown as `***`. `level`: debug, info (default), warning or error.
    """
    level = context.text("level", "info").lower()
    if level not in _LEVELS:
        raise InvalidConfig(f"`level` is one of {', '.join(_LEVELS)}")
    message = context.run.secrets.text(text_of(context.value("message", "")))[:MAX_MESSAGE]
    context.log(message, level)
    _LOG.log(_LEVELS[level], "workflow_message", node_id=context.node.node_id, message=message)
    await context.say(message)
    return Outcome({"message": message})
