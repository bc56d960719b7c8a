"""Node types of one's own, in a job that is stopped."""

import asyncio
import threading
from pathlib import Path

import pytest

from robot import JobCancelled, NodeCall, node
from robot.cancellation import CancelScope, StopReason
from tests.support.eventually import eventually
from tests.unit.robot.documents import chain
from tests.unit.robot.documents import node as step
from tests.unit.robot.functions import executor_of

pytestmark = pytest.mark.usefixtures("decorated")


async def test_cancelling_reaches_an_async_node_as_an_exception_and_lets_it_tidy_up(tmp_path: Path) -> None:
    steps: list[str] = []

    @node("acme.wait")
    async def wait() -> None:
        try:
            steps.append("waiting")
            await asyncio.sleep(3600)
        except Exception:  # noqa: BLE001 (what must not catch it)
            steps.append("no failure")
        except JobCancelled as stopped:
            await asyncio.sleep(0.01)
            steps.append(stopped.reason.value)
            raise
        finally:
            await asyncio.sleep(0)
            steps.append("tidied")

    cancel = CancelScope()
    running = asyncio.create_task(executor_of(tmp_path, wait).run(chain(step("acme.wait")), cancel=cancel))
    await eventually(lambda: steps == ["waiting"])
    cancel.cancel(StopReason.CANCELLED)
    with pytest.raises(JobCancelled):
        await running
    assert steps == ["waiting", "cancelled", "tidied"]


async def test_what_a_stopped_node_tidies_up_may_have_a_timeout_of_its_own(tmp_path: Path) -> None:
    begun, seen = asyncio.Event(), []

    @node("acme.careful")
    async def careful() -> None:
        try:
            begun.set()
            await asyncio.sleep(3600)
        except JobCancelled:
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(3600)
            except TimeoutError:
                seen.append("gave up")
            raise

    cancel = CancelScope()
    running = asyncio.create_task(executor_of(tmp_path, careful).run(chain(step("acme.careful")), cancel=cancel))
    await begun.wait()
    cancel.cancel()
    with pytest.raises(JobCancelled):
        await running
    assert seen == ["gave up"]


async def test_a_node_that_swallows_its_cancellation_does_not_keep_a_job_that_is_abandoned(tmp_path: Path) -> None:
    begun, swallowed = asyncio.Event(), asyncio.Event()

    @node("acme.stubborn")
    async def stubborn() -> None:
        while True:
            try:
                begun.set()
                await asyncio.sleep(3600)
            except (JobCancelled, asyncio.CancelledError):
                swallowed.set()

    cancel = CancelScope()
    running = asyncio.create_task(executor_of(tmp_path, stubborn).run(chain(step("acme.stubborn")), cancel=cancel))
    await begun.wait()
    cancel.cancel()
    await swallowed.wait()
    cancel.abandon()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)


async def test_cancelling_reaches_a_group_of_tasks_inside_a_node(tmp_path: Path) -> None:
    begun: list[int] = []

    @node("acme.group")
    async def group() -> None:
        async def one(number: int) -> None:
            begun.append(number)
            await asyncio.sleep(3600)

        async with asyncio.TaskGroup() as tasks:
            for number in range(2):
                tasks.create_task(one(number))

    cancel = CancelScope()
    running = asyncio.create_task(executor_of(tmp_path, group).run(chain(step("acme.group")), cancel=cancel))
    await eventually(lambda: len(begun) == 2)
    cancel.cancel()
    with pytest.raises(JobCancelled):
        await running


async def test_a_thread_stops_where_it_checks(tmp_path: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    @node("acme.grind")
    def grind(context: NodeCall) -> None:
        begun.set()
        try:
            while True:
                context.check_cancelled()
                ended.wait(0.001)
        finally:
            ended.set()

    cancel = CancelScope()
    running = asyncio.create_task(executor_of(tmp_path, grind).run(chain(step("acme.grind")), cancel=cancel))
    await eventually(begun.is_set)
    cancel.cancel()
    with pytest.raises(JobCancelled):
        await running
    assert ended.is_set()
