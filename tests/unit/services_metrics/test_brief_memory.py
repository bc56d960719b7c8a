"""One read for all who ask within a second."""

import asyncio

import pytest

from services.metrics.adapters.brief_memory import MOST_ENTRIES, BriefMemory
from shared.kernel.errors import Unavailable
from tests.support.clock import ManualClock


class Source:
    """Answers with how often it was asked; may be held or broken."""

    def __init__(self) -> None:
        self.n_reads = 0
        self.broken = False
        self.open = asyncio.Event()
        self.open.set()

    async def read(self, key: str) -> str:
        self.n_reads += 1
        await self.open.wait()
        if self.broken:
            raise Unavailable("down")
        return f"{key}{self.n_reads}"


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def memory(source: Source, clock: ManualClock) -> BriefMemory[str, str]:
    return BriefMemory(source.read, clock)


async def test_an_answer_serves_for_a_second(memory: BriefMemory[str, str], clock: ManualClock) -> None:
    assert await memory.get("a") == "a1"
    clock.advance(ms=999)
    assert await memory.get("a") == "a1"
    clock.advance(ms=1)
    assert await memory.get("a") == "a2"


async def test_keys_do_not_share_answers(memory: BriefMemory[str, str]) -> None:
    assert [await memory.get("a"), await memory.get("b"), await memory.get("a")] == ["a1", "b2", "a1"]


async def test_all_who_ask_during_a_read_share_it(
    memory: BriefMemory[str, str], source: Source, clock: ManualClock
) -> None:
    source.open.clear()
    early = [asyncio.create_task(memory.get("a")) for _ in range(10)]
    await asyncio.sleep(0)
    clock.advance(seconds=30)
    late = asyncio.create_task(memory.get("a"))
    await asyncio.sleep(0)
    source.open.set()
    assert set(await asyncio.gather(*early, late)) == {"a1"}


async def test_a_caller_who_leaves_does_not_take_the_answer_along(
    memory: BriefMemory[str, str], source: Source
) -> None:
    source.open.clear()
    leaving, staying = asyncio.create_task(memory.get("a")), asyncio.create_task(memory.get("a"))
    await asyncio.sleep(0)
    leaving.cancel()
    source.open.set()
    assert await staying == "a1"
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_failure_reaches_its_callers_and_is_not_remembered(
    memory: BriefMemory[str, str], source: Source
) -> None:
    source.broken = True
    with pytest.raises(Unavailable):
        await memory.get("a")
    source.broken = False
    assert await memory.get("a") == "a2"


async def test_memory_stays_bounded(memory: BriefMemory[str, str], clock: ManualClock) -> None:
    for n in range(MOST_ENTRIES):
        await memory.get(str(n))
    clock.advance(seconds=2)
    await memory.get("one more")
    assert len(memory._reads) == 1
