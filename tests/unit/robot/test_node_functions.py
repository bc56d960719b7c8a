"""Node types of one's own: functions, robots around them, plug-ins."""

import asyncio
import functools
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal

import pytest

import robot
from robot import NodeCall, Outcome, Robot, RobotRefused, node
from robot.errors import NodeCrashed, WorkflowError
from robot.executor import Surroundings
from robot.node_functions import node_types_of
from robot.nodes import NODE_TYPES, NodeTable
from robot.plugins import NodeNameTaken, with_plugins, with_types
from tests.unit.robot.documents import chain, document
from tests.unit.robot.documents import node as step
from tests.unit.robot.functions import executor_of
from tests.unit.robot.orchestrator import KEY, Orchestrator

Run = Callable[..., Any]


pytestmark = pytest.mark.usefixtures("decorated")


async def test_settings_become_typed_arguments_and_what_is_returned_becomes_outputs(tmp_path: Path) -> None:
    @dataclass
    class Sum:
        total: Decimal
        due: date

    @node("acme.sum")
    def add(prices: list[Decimal], due: date, times: int = 1, kind: Literal["net", "gross"] = "net") -> Sum:
        assert kind == "net"
        return Sum(sum(prices, Decimal(0)) * times, due)

    flow = document(
        *("start -> sum", "sum -> end", "sum.total -> end.total", "sum.due -> end.due"),
        start=step("StartNode"),
        sum=step("acme.sum", prices=["0.10", "{{more}}"], due="2026-03-01", times="3"),
        end=step("EndNode"),
        variables={"more": "0.20"},
    )
    result = await executor_of(tmp_path, add).run(flow)
    assert result["outputs"] == {"total": "0.90", "due": "2026-03-01"}
    assert add([Decimal(1)], date(2026, 1, 1)).total == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "`count` is missing"),
        ({"count": "many"}, "`count`: Input should be a valid integer"),
        ({"count": 1, "rows": [{"n": "x"}]}, "`rows.0.n`: Input should be a valid integer"),
        ({"count": 1, "secret": "{{secrets.TOKEN}}"}, "`secret`: Input should be a valid integer"),
    ],
)
async def test_a_setting_that_does_not_fit_is_named(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    @node("acme.count")
    def count(count: int, rows: list[dict[str, int]] | None = None, secret: int = 0) -> int:
        return count

    with pytest.raises(WorkflowError, match=message) as caught:
        await executor_of(tmp_path, count).run(chain(step("acme.count", **config)))
    assert (caught.value.error_type, caught.value.node_id) == ("INVALID_CONFIG", "n1")
    assert "token-of-the-robot" not in str(caught.value)


async def test_an_async_function_in_a_plain_decorator_is_awaited(tmp_path: Path) -> None:
    def traced(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(**settings: Any) -> Any:
            return function(**settings)

        return call

    @node("acme.traced")
    @traced
    async def double(number: int) -> dict[str, int]:
        await asyncio.sleep(0)
        return {"doubled": 2 * number}

    flow = document(
        *("start -> n", "n -> end", "n.doubled -> end.doubled"),
        start=step("StartNode"),
        n=step("acme.traced", number=4),
        end=step("EndNode"),
    )
    assert (await executor_of(tmp_path, double).run(flow))["outputs"] == {"doubled": 8}


async def test_a_function_leaves_by_the_port_it_names(tmp_path: Path) -> None:
    @node("acme.sort", exec_outputs=("small", "large"))
    async def sort(size: int) -> Outcome:
        return Outcome({"size": size}, "large" if size > 10 else "small")

    flow = document(
        *("start -> sort", "sort.small -> no", "sort.large -> yes"),
        start=step("StartNode"),
        sort=step("acme.sort", size=11),
        yes=step("EndNode", outputs={"large": True}),
        no=step("EndNode", outputs={"large": False}),
    )
    assert (await executor_of(tmp_path, sort).run(flow))["outputs"] == {"large": True}


async def test_a_thread_uses_the_context(tmp_path: Path) -> None:
    said: list[str] = []
    lines: list[tuple[str, str, str | None]] = []

    @node("acme.work")
    def work(context: NodeCall) -> dict[str, Any]:
        assert threading.current_thread() is not threading.main_thread()
        context.log(f"the token is {context.secret('TOKEN')}", "warning")
        context.progress("half way", 0.5)
        context.set_variable("count", context.variables["count"] + 1)
        context.files.write("note.txt", b"written")
        context.check_cancelled()
        return {"node": context.node_id, "token": context.secret("TOKEN")}

    async def progress(percent: int, _node: str | None, message: str | None) -> None:
        said.append(f"{percent} {message}")

    around = Surroundings(log=lambda *line: lines.append(line))
    flow = document(
        *("start -> work", "work -> wait", "wait -> end", "work.node -> end.node", "work.token -> end.token"),
        start=step("StartNode"),
        work=step("acme.work"),
        wait=step("DelayNode", seconds=0.01),
        end=step("EndNode", outputs={"count": "{{count}}"}),
        variables={"count": 1},
    )
    result = await executor_of(tmp_path, work).run(flow, progress=progress, around=around)
    assert result["outputs"] == {"count": 2, "node": "work", "token": "***"}
    assert ("warning", "the token is ***", "work") in lines
    # Of four nodes: one done, half of another, or all of it where that was over before it was told.
    assert {"37 half way", "50 half way"} & set(said)
    assert (tmp_path / "note.txt").read_bytes() == b"written"


async def test_a_defect_of_a_function_is_told_as_one(tmp_path: Path) -> None:
    @node("acme.broken")
    def broken() -> None:
        raise StopIteration

    where = rf"in broken \(test_node_functions.py, line {broken.__code__.co_firstlineno + 2}\)"
    with pytest.raises(WorkflowError, match=f"failed with StopIteration {where}") as caught:
        await executor_of(tmp_path, broken).run(chain(step("acme.broken")))
    assert caught.value.error_type == "NODE_CRASHED"


async def test_a_node_that_exits_fails_its_job_and_not_the_robot(tmp_path: Path) -> None:
    @node("acme.thread")
    def in_thread() -> None:
        sys.exit(3)

    @node("acme.loop")
    async def in_loop() -> None:
        await asyncio.sleep(0)
        sys.exit(3)

    types = NodeTable()

    @types.register("ExitNode")
    async def bare(_context: Any) -> Outcome:
        sys.exit(3)

    executor = executor_of(tmp_path, in_thread, in_loop, *types)
    for name, function in (("acme.thread", "in_thread"), ("acme.loop", "in_loop"), ("ExitNode", "bare")):
        with pytest.raises(NodeCrashed, match=rf"{name} failed with SystemExit in {function} \("):
            await executor.run(chain(step(name)))


async def test_a_robot_of_ones_own_knows_decorated_and_added_nodes(server: Orchestrator, tmp_path: Path) -> None:
    @node("acme.greet")
    async def greet(name: str) -> str:
        return f"Hello {name}"

    added = NodeTable()

    @added.register("AddedNode")
    async def extra(_context: Any) -> Outcome:
        return Outcome({"extra": 1})

    server.start()
    flow = document(
        *("start -> greet", "greet -> extra", "extra -> end", "greet.result -> end.said", "extra.extra -> end.extra"),
        start=step("StartNode"),
        greet=step("acme.greet", name="Ada"),
        extra=step("AddedNode"),
        end=step("EndNode"),
    )
    server.submit("j1", flow)
    stop = asyncio.Event()
    settings: dict[str, Any] = {"workdir": tmp_path, "wait_seconds": 1, "connection": "http", "grace_seconds": 0}
    mine = Robot(server.url, KEY, "my-robot", **settings).add(added)
    serving = asyncio.create_task(mine.serve(stop))
    await server.until(lambda: server.ends_of("j1"))
    stop.set()
    await serving
    assert server.told("complete")[0][1]["result"]["outputs"] == {"said": "Hello Ada", "extra": 1}
    assert "my-robot" in server.robots


async def test_a_robot_that_cannot_work_says_why(tmp_path: Path, server: Orchestrator) -> None:
    with pytest.raises(RobotRefused, match="needs a key"):
        Robot("http://127.0.0.1:1")
    with pytest.raises(TypeError, match="no setting colour"):
        Robot(api_key=KEY, colour="red")
    with pytest.raises(TypeError, match="decorate it"):
        Robot(api_key=KEY).add(print)
    server.start()
    with pytest.raises(RobotRefused, match="refuses robot my-robot: 401"):
        await Robot(server.url, "crpa_wrong", "my-robot", workdir=tmp_path, connection="http").serve()


def plugin(tmp_path: Path, module: str, source: str, value: str = "") -> EntryPoint:
    (tmp_path / f"{module}.py").write_text(source)
    return EntryPoint(module, value or module, "casare.nodes")


GOOD = "from robot import node\n\n@node('acme.lookup')\ndef lookup(customer: str) -> str:\n    return customer\n"


def test_plug_ins_bring_node_types_and_broken_ones_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    found = [
        plugin(tmp_path, "plug_broken", "raise RuntimeError('no licence')"),
        plugin(tmp_path, "plug_good", GOOD),
        plugin(tmp_path, "plug_clash", GOOD.replace("acme.lookup", "EndNode")),
        plugin(tmp_path, "plug_twin", GOOD),
        plugin(tmp_path, "plug_empty", ""),
        plugin(tmp_path, "plug_function", GOOD.replace("acme.lookup", "acme.two"), "plug_function:lookup"),
    ]
    table, problems = with_plugins(NODE_TYPES, found)
    assert "acme.lookup" in table
    assert "acme.two" in table
    told = "\n".join(problems)
    assert "plug_broken (plug_broken) is left out: RuntimeError: no licence" in told
    assert "'EndNode' of plug_clash (plug_clash) is refused: the robot itself has one" in told
    assert "'acme.lookup' of plug_twin (plug_twin) is refused: plug_good (plug_good) has one" in told
    assert "plug_empty (plug_empty) is left out: TypeError" in told
    assert len(problems) == 4
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]


def test_two_functions_of_one_name_are_refused() -> None:
    @node("acme.one")
    def first() -> None: ...

    types = node_types_of(first)

    @node("acme.one")
    def second() -> None: ...

    with pytest.raises(NodeNameTaken, match="first has one of that name"):
        with_types(with_types(NODE_TYPES, types), node_types_of(second))


def test_the_public_names_can_all_be_imported() -> None:
    for name in robot.__all__:
        assert getattr(robot, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Robots'"):
        robot.Robots  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(robot.__file__).parent / "py.typed").exists()
