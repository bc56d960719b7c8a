import asyncio
from typing import Any

import pytest

from robot.cancellation import CancelScope, JobStopped, StopReason
from robot.executor import Executor
from robot.nodes import NODE_TYPES, NodeContext, NodeTable, Outcome
from robot.progress import Progress, tell_nobody
from tests.unit.robot.documents import chain, document, node


class Watch:
    def __init__(self, *, cancel_at: str = "", scope: CancelScope | None = None) -> None:
        self.seen: list[tuple[int, str | None, str | None]] = []
        self.reached = asyncio.Event()
        self._cancel_at = cancel_at
        self._scope = scope

    async def __call__(self, percent: int, node_id: str | None, message: str | None) -> None:
        self.seen.append((percent, node_id, message))
        if node_id == self._cancel_at:
            self.reached.set()
            if self._scope is not None:
                self._scope.cancel(StopReason.CANCELLED)


async def test_progress_grows_to_100_and_names_the_node(executor: Executor) -> None:
    watch = Watch()
    await executor.run(chain(node("LogNode", message="hello"), node("DelayNode", seconds=0)), progress=watch)
    assert [(percent, node_id) for percent, node_id, message in watch.seen if message is None] == [
        (0, "start"),
        (25, "n1"),
        (50, "n2"),
        (75, "end"),
        (100, None),
    ]
    assert (25, "n1", "hello") in watch.seen


async def test_progress_counts_the_rounds_of_a_loop_and_never_goes_back(executor: Executor) -> None:
    watch = Watch()
    flow = document(
        *("start -> each", "each.loop_body -> log", "each.completed -> last"),
        start=node("StartNode"),
        each=node("ForEachNode", items=list(range(10))),
        log=node("LogNode", message=""),
        last=node("LogNode", message=""),
    )
    await executor.run(flow, progress=watch)
    percents = [percent for percent, _, _ in watch.seen]
    assert percents == sorted(percents)
    assert len({percent for percent, node_id, _ in watch.seen if node_id == "log"}) == 10


def test_progress_is_99_at_most_before_the_end() -> None:
    progress = Progress(1, tell_nobody)
    progress.node_done("only")
    assert progress.percent == 99


async def test_a_node_moves_the_percentage_by_its_own_share_and_only_forward(executor: Executor) -> None:
    watch = Watch()
    table = NodeTable()

    @table.register("LongNode")
    async def long(context: NodeContext) -> Outcome:
        for share in (0.5, 0.25, float("nan"), -3.0, 0.75, 9.0, None):
            await context.say("going on", share)
        return Outcome()

    flow = chain(node("LongNode"), node("LogNode"))
    await Executor(executor._files, node_types=NodeTable.of(NODE_TYPES, table)).run(flow, progress=watch)
    assert [percent for percent, _, message in watch.seen if message == "going on"] == [37, 37, 37, 37, 43, 50, 50]
    assert [percent for percent, node_id, message in watch.seen if message is None] == [0, 25, 50, 75, 100]


async def test_shares_of_nodes_in_loops_and_sub_workflows_do_not_count(executor: Executor) -> None:
    watch = Watch()
    table = NodeTable()

    @table.register("LongNode")
    async def long(context: NodeContext) -> Outcome:
        await context.say("nearly done", 0.9)
        return Outcome()

    flow = document(
        *("start -> each", "each.loop_body -> long", "each.completed -> call"),
        start=node("StartNode"),
        each=node("ForEachNode", items=[1, 2]),
        long=node("LongNode"),
        # Its only inner node has the id of one that is counted.
        call=node(
            "SubWorkflowNode", workflow=document("start -> call", start=node("StartNode"), call=node("LongNode"))
        ),
    )
    await Executor(executor._files, node_types=NodeTable.of(NODE_TYPES, table)).run(flow, progress=watch)
    assert [percent for percent, _, message in watch.seen if message is not None] == [25, 37, 75]


async def test_stopping_takes_effect_between_two_nodes(executor: Executor) -> None:
    scope = CancelScope()
    watch = Watch(cancel_at="n1", scope=scope)
    with pytest.raises(JobStopped) as caught:
        await executor.run(chain(node("LogNode"), node("LogNode")), cancel=scope, progress=watch)
    assert caught.value.reason is StopReason.CANCELLED
    assert watch.seen[-1][1] == "n1"


async def test_stopping_ends_a_wait(executor: Executor) -> None:
    scope = CancelScope()
    watch = Watch(cancel_at="n1")
    running = asyncio.create_task(executor.run(chain(node("DelayNode", seconds=3600)), cancel=scope, progress=watch))
    await watch.reached.wait()
    scope.cancel(StopReason.SHUTDOWN)
    async with asyncio.timeout(5):
        with pytest.raises(JobStopped):
            await running


async def test_a_job_stopped_before_it_begins_does_nothing(executor: Executor) -> None:
    scope = CancelScope()
    scope.cancel(StopReason.LEASE_LOST)
    watch = Watch()
    with pytest.raises(JobStopped):
        await executor.run(chain(), cancel=scope, progress=watch)
    assert watch.seen == []


async def test_the_first_reason_stays() -> None:
    scope = CancelScope()
    scope.cancel(StopReason.LEASE_LOST)
    scope.cancel(StopReason.SHUTDOWN)
    assert scope.reason is StopReason.LEASE_LOST


async def test_a_race_passes_on_what_the_work_returns_or_raises() -> None:
    async def fail() -> Any:
        raise ValueError("broken")

    assert await CancelScope().race(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError, match="broken"):
        await CancelScope().race(fail())


async def test_others_get_their_turn_while_nodes_that_never_wait_run(executor: Executor) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await executor.run(chain(*(node("LogNode") for _ in range(50))))
    counting.cancel()
    assert turns > 50
