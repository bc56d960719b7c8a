"""One read for all who ask before it begins."""

import asyncio

import pytest

from services.metrics.use_cases.live.shared_read import SharedRead
from shared.kernel.errors import Unavailable
from shared.kernel.tasks import end_tasks
from tests.support.eventually import eventually


class Source:
    """Answers with how often it was asked; each answer is held until it is let go."""

    def __init__(self) -> None:
        self.n_reads = 0
        self.broken = False
        self._held: list[asyncio.Event] = []

    async def read(self, tenant_id: str) -> str:
        self.n_reads += 1
        held, answer = asyncio.Event(), f"{tenant_id}{self.n_reads}"
        self._held.append(held)
        await held.wait()
        if self.broken:
            raise Unavailable("down")
        return answer

    async def let_go(self) -> None:
        """Let the oldest read go on, once there is one."""
        await eventually(lambda: bool(self._held))
        self._held.pop(0).set()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def shared(source: Source) -> SharedRead[str]:
    return SharedRead(source.read)


async def test_those_who_come_at_once_share_a_read(source: Source, shared: SharedRead[str]) -> None:
    asking = asyncio.gather(*(shared.of("a") for _ in range(3)))
    await source.let_go()
    assert await asking == ["a1", "a1", "a1"]


async def test_nobody_gets_a_read_that_began_before_they_asked(source: Source, shared: SharedRead[str]) -> None:
    first = asyncio.create_task(shared.of("a"))
    await eventually(lambda: source.n_reads == 1)
    later = asyncio.gather(*(shared.of("a") for _ in range(3)))
    await source.let_go()
    assert await first == "a1"
    await source.let_go()
    assert await later == ["a2", "a2", "a2"]
    again = asyncio.create_task(shared.of("a"))
    await source.let_go()
    assert await again == "a3"


async def test_tenants_do_not_wait_for_each_other(source: Source, shared: SharedRead[str]) -> None:
    asking = [asyncio.create_task(shared.of(tenant_id)) for tenant_id in ("a", "b")]
    await eventually(lambda: source.n_reads == 2)
    await source.let_go()
    await source.let_go()
    assert await asyncio.gather(*asking) == ["a1", "b2"]


async def test_a_read_that_fails_fails_for_its_askers_and_not_for_the_next(
    source: Source, shared: SharedRead[str]
) -> None:
    source.broken = True
    asking = asyncio.gather(*(shared.of("a") for _ in range(2)), return_exceptions=True)
    await source.let_go()
    assert [type(answer) for answer in await asking] == [Unavailable, Unavailable]
    source.broken = False
    again = asyncio.create_task(shared.of("a"))
    await source.let_go()
    assert await again == "a2"


async def test_one_who_leaves_takes_nothing_from_the_others(source: Source, shared: SharedRead[str]) -> None:
    leaving, staying = asyncio.create_task(shared.of("a")), asyncio.create_task(shared.of("a"))
    await eventually(lambda: source.n_reads == 1)
    await end_tasks([leaving])
    await source.let_go()
    assert await staying == "a1"
