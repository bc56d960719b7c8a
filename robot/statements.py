"""Running SQL statements in a thread that can be interrupted, and what their rows become."""

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from robot.errors import InvalidConfig, OutsideFailed, ResultTooLarge, WorkflowError
from robot.values import ValueTooLarge, size_of, text_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Engine, TextClause

_BUSY = {5, 6}
_INTERRUPTED = 9
# Not less: it may hold values, secrets among them, which are found only where they are whole.
MAX_MESSAGE = 20_000
_FETCHED_AT_ONCE = 500

Params = Mapping[str, Any]


class Call:
    """One transaction. `run` blocks; `interrupt` may be called meanwhile, from another thread."""

    def __init__(self, engine: "Engine", work: "Callable[[Connection], Any]") -> None:
        self._engine = engine
        self._work = work
        self._driver: Any = None
        self._commits = False

    def run(self) -> Any:
        """Returns what `work` returned, once committed. Raises WorkflowError, nothing having changed then.

        When the connection is lost while it commits, nobody knows whether it did: SQL_OUTCOME_UNKNOWN.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._engine.connect() as connection:
                self._driver = connection.connection.driver_connection
                try:
                    result = self._work(connection)
                    self._commits = True
                    connection.commit()
                finally:
                    self._driver = None
                return result
        except SQLAlchemyError as error:
            raise failure(error, commits=self._commits) from error
        except (UnicodeError, OverflowError) as error:
            raise InvalidConfig("the statement or `params` hold what this database has no room for") from error

    def interrupt(self) -> None:
        """Asks the database to give up, where its driver can: SQLite and PostgreSQL's."""
        driver = self._driver
        for verb in ("interrupt", "cancel"):
            ask = getattr(driver, verb, None)
            if callable(ask):
                ask()
                return


def failure(error: Exception, *, commits: bool) -> WorkflowError:
    """Returns what to report: never the statement's values, nor the address."""
    from sqlalchemy import exc

    original = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorcode", None)
    if isinstance(error, exc.StatementError) and not isinstance(error, exc.DBAPIError):
        return InvalidConfig("the statement and `params` do not fit: one it names is missing, or is of no usable kind")
    if isinstance(error, exc.IntegrityError):
        return OutsideFailed(f"a constraint forbids it{_code(original)}", error_type="SQL_CONSTRAINT")
    if code == _INTERRUPTED:
        return OutsideFailed("the statement was interrupted", error_type="SQL_TIMEOUT", retryable=True)
    if code is not None and code & 0xFF not in _BUSY:
        return OutsideFailed(f"the database refuses: {_first_line(original)}", error_type="SQL_ERROR")
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
        if commits:
            message = "the connection was lost while the transaction was committed: it may have been, or not"
            return OutsideFailed(message, error_type="SQL_OUTCOME_UNKNOWN")
        message = f"the database cannot be reached or is busy: {type(original or error).__name__}{_code(original)}"
        return OutsideFailed(message, error_type="SQL_UNAVAILABLE", retryable=True)
    if isinstance(error, exc.ProgrammingError):
        return OutsideFailed(f"the database refuses: {_first_line(original)}", error_type="SQL_ERROR")
    return OutsideFailed(f"the database refuses: {type(original or error).__name__}", error_type="SQL_ERROR")


def _code(original: Any) -> str:
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return f" ({code})" if code else ""


def _first_line(original: Any) -> str:
    return str(original).partition("\n")[0][:MAX_MESSAGE]


def clause(statement: str, params: Params) -> "TextClause":
    """Returns the statement with its parameters: `:name`; one that is a list becomes as many as it has items."""
    from sqlalchemy import bindparam, text
    from sqlalchemy.exc import ArgumentError

    lists: list[Any] = [bindparam(name, expanding=True) for name, value in params.items() if isinstance(value, list)]
    try:
        return text(statement).bindparams(*lists)
    except ArgumentError as error:
        raise InvalidConfig("`params` has a list that the statement does not name") from error


def bound(params: Params, dialect: str) -> dict[str, Any]:
    """Returns the values as drivers take them: records as JSON, decimals and dates as texts where SQLite has none."""
    return {name: _bound(value, dialect) for name, value in params.items()}


def _bound(value: Any, dialect: str) -> Any:
    if isinstance(value, list):
        return [_bound(each, dialect) for each in value]
    if isinstance(value, dict):
        return text_of(value)
    if dialect == "sqlite" and isinstance(value, Decimal | date):
        return value.isoformat() if isinstance(value, date) else text_of(value)
    return value


def rows_of(
    result: "CursorResult[Any]", *, most: int, truncate: bool, max_size: int, check: Callable[[], None]
) -> tuple[list[str], list[dict[str, Any]], bool]:
    """Returns the columns, the rows as records, and whether some were left out. Raises ResultTooLarge."""
    columns = _distinct(list(result.keys()))
    rows: list[dict[str, Any]] = []
    left = max_size
    for row in result.yield_per(_FETCHED_AT_ONCE):
        if len(rows) % _FETCHED_AT_ONCE == 0:
            check()
        if len(rows) == most:
            if truncate:
                return columns, rows, True
            raise ResultTooLarge(f"there are more than {most:,} rows; raise `max_rows`, or set `truncate`")
        record = dict(zip(columns, (value_of(value) for value in row), strict=True))
        left -= _size(record, left)
        rows.append(record)
    return columns, rows, False


def _size(record: dict[str, Any], left: int) -> int:
    try:
        return size_of(record, left)
    except ValueTooLarge as error:
        raise ResultTooLarge("the rows are too large to be held; select fewer columns or rows") from error


def _distinct(names: list[str]) -> list[str]:
    return list(_numbered(names))


def _numbered(names: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        chosen, number = name, 1
        while chosen in seen:
            number += 1
            chosen = f"{name}_{number}"
        seen.add(chosen)
        yield chosen


def value_of(value: Any) -> Any:
    """Returns a column's value as workflows have them: dates in ISO 8601, bytes in base64, decimals exact."""
    if value is None or isinstance(value, bool | int | float | str | Decimal):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, list | tuple):
        return [value_of(each) for each in value]
    if isinstance(value, dict):
        return {str(key): value_of(each) for key, each in value.items()}
    return str(value) if isinstance(value, UUID) else text_of(value)
