import asyncio
import subprocess
import sys

import pytest

from robot.resources import JobResources
from tests.support.run import ROOT


class Thing:
    def __init__(self, name: str, closed: list[str], error: Exception | None = None) -> None:
        self.name = name
        self._closed = closed
        self._error = error

    async def close(self) -> None:
        self._closed.append(self.name)
        if self._error is not None:
            raise self._error


async def test_each_is_opened_once_whoever_asks_at_the_same_time() -> None:
    resources, made = JobResources(), []

    async def make() -> Thing:
        await asyncio.sleep(0)
        made.append(1)
        return Thing("a", [])

    first, second = await asyncio.gather(resources.open("a", make), resources.open("a", make))
    assert first is second is resources.get("a")
    assert len(made) == 1


async def test_all_are_closed_the_youngest_first_whatever_fails() -> None:
    resources = JobResources()
    closed: list[str] = []

    async def opened(name: str, error: Exception | None = None) -> None:
        async def make() -> Thing:
            return Thing(name, closed, error)

        await resources.open(name, make)

    await opened("a")
    await opened("b", OSError())
    await opened("c")
    await resources.end("c")
    await resources.close()
    await resources.close()
    assert closed == ["c", "b", "a"]


async def test_what_could_not_be_opened_is_tried_again() -> None:
    resources = JobResources()

    async def fail() -> Thing:
        raise ValueError

    async def make() -> Thing:
        return Thing("a", [])

    with pytest.raises(ValueError):
        await resources.open("a", fail)
    assert (await resources.open("a", make)).name == "a"


def test_a_robot_starts_without_the_libraries_of_single_steps() -> None:
    script = "import sys, robot.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    heavy = {"openpyxl", "sqlalchemy", "aiosmtplib", "playwright", "pandas", "numpy"}
    assert heavy & set(loaded.stdout.split()) == set()
