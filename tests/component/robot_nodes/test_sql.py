import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robot.cancellation import CancelScope, JobStopped
from robot.databases import opened
from robot.files import WorkingDirectory
from robot.statements import value_of
from tests.component.robot_nodes.steps import Steps
from tests.support.eventually import eventually
from tests.unit.robot.documents import node

URL = "sqlite:///shop.db"
FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price TEXT, picture BLOB)")
    connection.execute("INSERT INTO item VALUES (1, 'pen', '0.10', x'0001'), (2, 'ink', '2.50', NULL)")
    yield connection
    connection.close()


async def test_rows_are_records_and_values_are_bound(steps: Steps, shop: sqlite3.Connection) -> None:
    hostile = "pen' OR '1'='1"
    found = await steps.run("sql.query", url=URL, statement="SELECT * FROM item WHERE name = :n", params={"n": hostile})
    assert (found["rows"], found["first"], found["columns"]) == ([], None, ["id", "name", "price", "picture"])
    found = await steps.run(
        *("sql.query",),
        url=URL,
        statement="SELECT id, picture, id FROM item WHERE name IN :names ORDER BY id",
        params={"names": ["pen", "ink"]},
    )
    assert found["rows"] == [{"id": 1, "picture": "AAE=", "id_2": 1}, {"id": 2, "picture": None, "id_2": 2}]
    assert (found["count"], found["truncated"]) == (2, False)


async def test_statements_change_rows_once_and_many_times(steps: Steps, shop: sqlite3.Connection) -> None:
    insert = "INSERT INTO item (name, price) VALUES (:name, :price)"
    many = [{"name": f"n{number}", "price": number} for number in range(50)]
    outputs = await steps.run_all(
        node("sql.execute", url=URL, statement=insert, params={"name": "cap", "price": "{{price}}"}),
        node("sql.execute", url=URL, statement=insert, params="{{many}}"),
        node("sql.execute", url=URL, statement="UPDATE item SET price = 0 WHERE id > 2"),
        price=Decimal("1.20"),
        many=many,
    )
    assert [each["rowcount"] for each in outputs] == [1, 50, 51]
    assert shop.execute("SELECT count(*) FROM item").fetchone() == (53,)
    returned = await steps.run("sql.query", url=URL, statement="DELETE FROM item WHERE id > 2 RETURNING id")
    assert (returned["count"], shop.execute("SELECT count(*) FROM item").fetchone()) == (51, (2,))


async def test_a_transaction_is_all_or_nothing(steps: Steps, shop: sqlite3.Connection) -> None:
    good = {"statement": "INSERT INTO item (name) VALUES (:n)", "params": {"n": "new"}}
    bad = {"statement": "INSERT INTO item (name) VALUES ('pen')"}
    error = await steps.failure("sql.transaction", url=URL, statements=[good, bad])
    assert (error.error_type, error.retryable) == ("SQL_CONSTRAINT", False)
    assert "SQLITE_CONSTRAINT_UNIQUE" in str(error)
    assert shop.execute("SELECT count(*) FROM item").fetchone() == (2,)
    assert await steps.run("sql.transaction", url=URL, statements=[good, good | {"params": {"n": "newer"}}]) == {
        "rowcounts": [1, 1]
    }


async def test_more_rows_than_asked_for_fail_or_are_cut(steps: Steps, shop: sqlite3.Connection) -> None:
    config = {"url": URL, "statement": "SELECT id FROM item ORDER BY id", "max_rows": 1}
    assert await steps.refused("sql.query", **config) == "RESULT_TOO_LARGE"
    cut = await steps.run("sql.query", **config, truncate=True)
    assert (cut["rows"], cut["truncated"]) == ([{"id": 1}], True)
    large = {"url": URL, "statement": "SELECT printf('%.*c', 100000, 'x') AS x FROM item"}
    assert await steps.within(max_file_bytes=150_000).refused("sql.query", **large) == "RESULT_TOO_LARGE"


async def test_a_statement_that_takes_too_long_is_interrupted(steps: Steps, shop: sqlite3.Connection) -> None:
    began = time.monotonic()
    error = await steps.failure("sql.query", url=URL, statement=FOREVER, timeout_seconds=0.2)
    assert (error.error_type, error.retryable) == ("SQL_TIMEOUT", True)
    assert time.monotonic() - began < 5


async def test_stopping_the_job_interrupts_the_statement(steps: Steps, shop: sqlite3.Connection) -> None:
    scope = CancelScope()
    update = f"UPDATE item SET price = ({FOREVER})"
    running = asyncio.create_task(steps.run("sql.execute", cancel=scope, url=URL, statement=update))

    def locked() -> bool:
        try:
            shop.execute("PRAGMA busy_timeout = 0")
            shop.execute("UPDATE item SET price = 1")
        except sqlite3.OperationalError:
            return True
        return False

    await eventually(locked)
    scope.cancel()
    with pytest.raises(JobStopped):
        await running
    shop.execute("UPDATE item SET price = 2")


async def test_a_busy_database_is_worth_a_retry(steps: Steps, shop: sqlite3.Connection) -> None:
    shop.execute("BEGIN EXCLUSIVE")
    error = await steps.failure("sql.execute", url=URL, statement="DELETE FROM item", timeout_seconds=20)
    assert (error.error_type, error.retryable) == ("SQL_UNAVAILABLE", True)


@pytest.mark.parametrize(
    ("statement", "error_type"),
    [
        ("SELEC 1", "SQL_ERROR"),
        ("SELECT * FROM nowhere", "SQL_ERROR"),
        ("SELECT :secret, :missing", "INVALID_CONFIG"),
        ("SELECT :large", "INVALID_CONFIG"),
        ("ATTACH '/tmp/x.db' AS x", "SQL_ERROR"),
        ("VACUUM INTO '/tmp/casare-vacuumed.db'", "SQL_ERROR"),
        ("SELECT load_extension('x')", "SQL_ERROR"),
        ("DELETE FROM item WHERE id = 99", "INVALID_CONFIG"),
    ],
)
async def test_a_bad_statement_is_told_without_its_values(
    steps: Steps, shop: sqlite3.Connection, statement: str, error_type: str
) -> None:
    error = await steps.failure(
        "sql.query", url=URL, statement=statement, params={"secret": "hunter2", "large": 10**30}
    )
    assert error.error_type == error_type
    assert "hunter2" not in str(error)
    assert not os.path.exists("/tmp/casare-vacuumed.db")  # noqa: PTH110, ASYNC240 (one look)


@pytest.mark.parametrize(
    ("url", "error_type", "message"),
    [
        ("sqlite:////etc/x.db", "PATH_REFUSED", "outside"),
        ("sqlite:///../x.db", "PATH_REFUSED", "outside"),
        ("sqlite:///file:/etc/x.db?uri=true", "INVALID_CONFIG", "sqlite:///path"),
        ("sqlite://", "INVALID_CONFIG", "file"),
        ("sqlite+aiosqlite:///a.db", "INVALID_CONFIG", "sqlite:///path"),
        ("postgresql+psycopg2://me:hunter2@127.0.0.1/x", "SQL_DRIVER_MISSING", "psycopg2-binary"),
        ("mysql+pymysql://me:hunter2@127.0.0.1/x", "SQL_DRIVER_MISSING", "PyMySQL"),
        ("klingon://me:hunter2@127.0.0.1/x", "SQL_DRIVER_MISSING", "does not know"),
        ("no address hunter2", "INVALID_CONFIG", "`url`"),
    ],
)
async def test_an_address_that_cannot_be_used_is_told_without_it(
    steps: Steps, url: str, error_type: str, message: str
) -> None:
    error = await steps.failure("sql.query", url=url, statement="SELECT 1")
    assert (error.error_type, message in str(error), "hunter2" in str(error)) == (error_type, True, False), str(error)


def test_values_of_databases_become_values_of_workflows() -> None:
    import datetime as dt
    from uuid import UUID

    values: list[Any] = [
        *(Decimal("1.10"), dt.date(2026, 3, 31), dt.datetime(2026, 3, 31, 9, tzinfo=dt.UTC), dt.time(9)),
        *(dt.timedelta(minutes=1), memoryview(b"a"), UUID(int=1), [b"a"], {"a": dt.date(2026, 1, 1)}),
    ]
    assert [value_of(value) for value in values] == [
        *(Decimal("1.10"), "2026-03-31", "2026-03-31T09:00:00+00:00", "09:00:00"),
        *(60.0, "YQ==", "00000000-0000-0000-0000-000000000001", ["YQ=="], {"a": "2026-01-01"}),
    ]


async def test_a_database_is_connected_once_in_a_job(tmp_path: Path) -> None:
    database = await opened(URL, WorkingDirectory(tmp_path))
    assert database.engine.url.database == str(tmp_path / "shop.db")
    await database.close()
