import asyncio
from collections.abc import Callable

import pytest

from tests.support.eventually import eventually, wait_until


def after(times: int, value: str) -> Callable[[], str | None]:
    """A probe that sees `value` only when asked once more than `times`."""
    asked = iter([None] * times + [value])
    return lambda: next(asked)


async def test_it_returns_the_first_truthy_value_of_a_sync_probe() -> None:
    assert await eventually(after(3, "done")) == "done"


async def test_it_awaits_an_async_probe() -> None:
    answer = after(2, "done")

    async def probe() -> str | None:
        await asyncio.sleep(0)
        return answer()

    assert await eventually(probe) == "done"


async def test_a_probe_that_only_asserts_passes_when_it_stops_raising() -> None:
    answer = after(2, "done")

    def probe() -> None:
        assert answer() == "done"

    await eventually(probe)


async def test_none_from_a_probe_that_looks_for_something_is_not_success() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.02 s .*because: jobs are slow.*returned None"):
        await eventually(after(10_000, "never"), timeout_seconds=0.02, because="jobs are slow")


async def test_the_failure_tells_the_last_refusal_and_is_caused_by_it() -> None:
    def probe() -> None:
        assert [1] == [2], "the lists differ"

    with pytest.raises(AssertionError, match="the probe failed: the lists differ") as failure:
        await eventually(probe, timeout_seconds=0.02)
    assert isinstance(failure.value.__cause__, AssertionError)


async def test_an_error_of_the_probe_itself_ends_the_wait_at_once() -> None:
    def probe() -> bool:
        raise KeyError("typo")

    with pytest.raises(KeyError, match="typo"):
        await eventually(probe, timeout_seconds=60)


async def test_a_time_limit_inside_the_probe_is_the_probes_own_failure() -> None:
    async def probe() -> bool:
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()
        return True

    with pytest.raises(TimeoutError):
        await eventually(probe, timeout_seconds=60)


async def test_a_probe_that_hangs_is_given_up() -> None:
    async def probe() -> bool:
        return await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="did not return"):
        await eventually(probe, timeout_seconds=0.01)


async def test_a_builtin_can_be_the_probe() -> None:
    assert await eventually([1, 2, 3].pop) == 3


async def test_even_no_time_at_all_is_enough_for_one_look() -> None:
    assert await eventually(lambda: "there", timeout_seconds=0) == "there"


def test_the_blocking_form_waits_and_fails_in_the_same_way() -> None:
    assert wait_until(after(2, "done")) == "done"
    with pytest.raises(AssertionError, match="returned None"):
        wait_until(after(10_000, "never"), timeout_seconds=0.02)
