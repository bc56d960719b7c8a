"""Databases of a job: one engine per address, disposed at the job's end."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from robot.errors import InvalidConfig, OutsideFailed
from robot.files import WorkingDirectory

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

_PACKAGES: Mapping[str, str] = {
    "psycopg2": "psycopg2-binary",
    "psycopg": "psycopg[binary]",
    "MySQLdb": "mysqlclient",
    "pymysql": "PyMySQL",
}
_BUSY_SECONDS = 2.0
_SQLITE = {"sqlite", "sqlite+pysqlite"}


class Database:
    """An engine that ends with the job."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    async def close(self) -> None:
        """Closes its connections."""
        await asyncio.to_thread(self.engine.dispose)


async def opened(address: str, files: WorkingDirectory) -> Database:
    """Returns the database at a URL, not connected yet. Raises InvalidConfig or OutsideFailed, without the URL."""
    return Database(await asyncio.to_thread(_engine, address, files))


def _engine(address: str, files: WorkingDirectory) -> "Engine":
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        url = _url(address, files)
        # Another program that writes to a SQLite file is waited for, but not as long as a statement may take.
        waits = {"timeout": _BUSY_SECONDS} if url.drivername in _SQLITE else {}
        engine = create_engine(
            url, hide_parameters=True, pool_size=4, max_overflow=0, pool_pre_ping=True, connect_args=waits
        )
    except NoSuchModuleError as error:
        message = "SQLAlchemy does not know this kind of database; is its package installed where the robot runs?"
        raise OutsideFailed(message, error_type="SQL_DRIVER_MISSING") from error
    except ModuleNotFoundError as error:
        package = _PACKAGES.get(error.name or "", error.name)
        message = f"the database's driver is missing: install the package {package} where the robot runs"
        raise OutsideFailed(message, error_type="SQL_DRIVER_MISSING") from error
    except (ArgumentError, ValueError, TypeError) as error:
        raise InvalidConfig("`url` is not the address of a database (dialect://user:password@host/name)") from error
    if engine.dialect.is_async:
        raise InvalidConfig("`url` names a driver for asyncio; name one without")
    if engine.dialect.name == "sqlite":
        _confine(engine, files)
    return engine


def _url(address: str, files: WorkingDirectory) -> "URL":
    from sqlalchemy import make_url

    url = make_url(address)
    if not url.drivername.startswith("sqlite"):
        return url
    if url.drivername not in _SQLITE or url.query:
        raise InvalidConfig("a SQLite database is given as sqlite:///path")
    if url.database in {None, "", ":memory:"}:
        raise InvalidConfig("a SQLite database is a file in the working directory: sqlite:///path")
    return url.set(database=str(files.resolve(str(url.database))))


def _confine(engine: "Engine", files: WorkingDirectory) -> None:
    import sqlite3

    from sqlalchemy import event

    def decide(action: int, *_about: Any) -> int:
        # ATTACH and VACUUM INTO open other files, anywhere.
        return sqlite3.SQLITE_DENY if action in {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH} else sqlite3.SQLITE_OK

    @event.listens_for(engine, "connect")
    def confine(connection: Any, _record: Any) -> None:
        if not files.allows_any:
            connection.set_authorizer(decide)
