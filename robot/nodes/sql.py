"""Nodes for databases, by SQLAlchemy.

`url` is the database's address (`postgresql+psycopg://user:password@host/name`), best a reference to a secret; a SQLite
file (`sqlite:///path`) has to be in the working directory. Values go into `params` and are named `:name` in the
statement, never pasted into it; a list serves `IN :name`. `timeout_seconds` (60, at most 3,600): what takes longer is
given up, and so is a statement of a job that is stopped, as far as the driver can interrupt it.

Fails with SQL_UNAVAILABLE (worth a retry), SQL_TIMEOUT (of a query worth a retry), SQL_ERROR, SQL_CONSTRAINT,
SQL_OUTCOME_UNKNOWN, SQL_DRIVER_MISSING. Each node is one transaction: when it fails, nothing has changed.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from robot.databases import Database, opened
from robot.errors import InvalidConfig, OutsideFailed
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.statements import Call, bound, clause, rows_of
from robot.values import kind_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

nodes = NodeTable()

MAX_STATEMENTS = 1_000
_INTERRUPT_SECONDS = 5.0


@nodes.register("sql.query")
async def query(context: NodeContext) -> Outcome:
    """Runs `statement` with `params` and offers its rows, as records.

    `max_rows` (10,000, at most 200,000): more fail, unless `truncate` (false). Outputs `rows`, `columns`, `count`,
    `first` (the first row, or null), `truncated`. Dates are ISO 8601, bytes base64, decimals exact.
    """
    statement, params = context.text("statement"), _params(context.value("params") or {})
    limits, truncate = context.run.limits, context.flag("truncate", default=False)
    most = int(context.number("max_rows", min(10_000, limits.max_rows), least=1, most=limits.max_rows))

    def work(connection: "Connection") -> Outcome:
        result = connection.execute(clause(statement, params), bound(params, connection.dialect.name))
        if not result.returns_rows:
            raise InvalidConfig("the statement has no rows; `sql.execute` is for those")
        columns, rows, cut = rows_of(
            result,
            most=most,
            truncate=truncate,
            max_size=limits.max_file_bytes,
            check=context.run.cancel.check,
        )
        outputs = {"rows": rows, "columns": columns, "count": len(rows)}
        return Outcome({**outputs, "first": rows[0] if rows else None, "truncated": cut})

    outcome: Outcome = await _in_database(context, work, retryable=True)
    return outcome


@nodes.register("sql.execute")
async def execute(context: NodeContext) -> Outcome:
    """Runs `statement`, once with `params` as a record, or once for each record of `params` as a list.

    Outputs `rowcount`, the rows it changed; -1 where the driver does not tell.
    """
    statement, given = context.text("statement"), context.value("params") or {}
    many = [_params(each) for each in given] if isinstance(given, list) else None
    if many is not None and len(many) > context.run.limits.max_rows:
        raise InvalidConfig(f"`params` has at most {context.run.limits.max_rows:,} records")
    once = _params(given) if many is None else {}

    def work(connection: "Connection") -> int:
        if many is None:
            return _changed(connection, statement, once)
        values = [bound(each, connection.dialect.name) for each in many]
        return connection.execute(clause(statement, {}), values).rowcount if values else 0

    return Outcome({"rowcount": await _in_database(context, work, retryable=False)})


@nodes.register("sql.transaction")
async def transaction(context: NodeContext) -> Outcome:
    """Runs all `statements`, a list of {statement, params}, in one transaction: all of them, or none.

    Outputs `rowcounts`, one for each.
    """
    given = context.value("statements")
    if not isinstance(given, list) or not given or len(given) > MAX_STATEMENTS:
        raise InvalidConfig(f"`statements` has to be a list of 1 to {MAX_STATEMENTS:,} records")
    steps = [_step(each) for each in given]

    def work(connection: "Connection") -> list[int]:
        counts = []
        for statement, params in steps:
            context.run.cancel.check()
            counts.append(_changed(connection, statement, params))
        return counts

    return Outcome({"rowcounts": await _in_database(context, work, retryable=False)})


def _step(value: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(value, dict) or not isinstance(value.get("statement"), str) or not value["statement"]:
        raise InvalidConfig("each of `statements` is {statement, params}")
    return value["statement"], _params(value.get("params") or {})


def _params(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidConfig(f"`params` has to be a record, not {kind_of(value)}")
    return {str(name): each for name, each in value.items()}


def _changed(connection: "Connection", statement: str, params: dict[str, Any]) -> int:
    return connection.execute(clause(statement, params), bound(params, connection.dialect.name)).rowcount


async def _in_database(context: NodeContext, work: "Callable[[Connection], Any]", *, retryable: bool) -> Any:
    seconds = context.number("timeout_seconds", 60, least=0.1, most=3_600)
    address = context.text("url")
    resources = context.run.http.resources
    database: Database = await resources.open(("sql", address), partial(opened, address, context.run.files))
    call = Call(database.engine, work)
    running = asyncio.create_task(asyncio.to_thread(call.run))
    running.add_done_callback(_heard)
    try:
        return await context.run.cancel.race(asyncio.wait_for(asyncio.shield(running), seconds))
    except TimeoutError as error:
        message = f"the statement was not done within {seconds:g} s"
        raise OutsideFailed(message, error_type="SQL_TIMEOUT", retryable=retryable) from error
    finally:
        if not running.done():
            call.interrupt()
            await asyncio.wait({running}, timeout=_INTERRUPT_SECONDS)


def _heard(running: "asyncio.Task[Any]") -> None:
    # What an interrupted call failed with is nobody's news.
    if not running.cancelled():
        running.exception()
