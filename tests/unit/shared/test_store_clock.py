"""The clock that all replicas agree on."""

from shared.kernel.clock import SystemClock
from shared.storage import connect
from shared.storage.clock import StoreClock
from tests.support.clock import ManualClock

FIVE_MINUTES_MS = 300_000


async def test_a_replica_whose_clock_is_minutes_off_follows_the_store(store_url: str, database_name: str) -> None:
    machine = ManualClock()
    ahead, behind = StoreClock(ManualClock(machine.now_ms() + FIVE_MINUTES_MS)), StoreClock(machine)
    async with connect(store_url, database_name) as store:
        await ahead.sync(store)
        await behind.sync(store)
    assert abs(ahead.now_ms() - behind.now_ms()) < 1_000


def test_before_the_store_was_asked_it_is_the_machines() -> None:
    machine = ManualClock()
    assert 0 <= StoreClock(machine).now_ms() - machine.now_ms() < 1_000


async def test_a_small_correction_never_turns_it_back(store_url: str, database_name: str) -> None:
    async with connect(store_url, database_name) as store:
        clock = StoreClock(SystemAhead(ms=2_000))
        before = clock.now_ms()
        await clock.sync(store)
        assert clock.now_ms() >= before


class SystemAhead:
    """The machine's clock, ahead of the store's."""

    def __init__(self, *, ms: int) -> None:
        self._ms = ms

    def now_ms(self) -> int:
        return SystemClock().now_ms() + self._ms
