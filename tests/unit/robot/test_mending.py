"""Self-healing: retries and fallbacks, and how they are reported."""

import json
from pathlib import Path
from typing import Any

import pytest

from robot.errors import WorkflowError
from robot.executor import Executor, Surroundings
from robot.files import WorkingDirectory
from robot.nodes import NODE_TYPES, NodeContext, NodeTable, Outcome
from shared.jobs.self_healing import SelfHealing, self_healing_of
from tests.unit.robot.documents import chain, node

QUICK: dict[str, Any] = {"delay_seconds": 0}


class SelectorNotFound(WorkflowError):
    error_type = "SELECTOR_NOT_FOUND"


def clicking(tmp_path: Path, *, works_for: str, after: int = 0) -> tuple[Executor, list[str]]:
    """An executor with a node that clicks: it finds `works_for` only, from the click after `after` on."""
    clicks: list[str] = []
    table = NodeTable()

    @table.register("ClickNode")
    async def click(context: NodeContext) -> Outcome:
        selector = context.text("selector")
        clicks.append(selector)
        if selector != works_for or len(clicks) <= after:
            raise SelectorNotFound(f"there is no {selector}")
        return Outcome({"selector": selector})

    return Executor(WorkingDirectory(tmp_path), node_types=NodeTable.of(NODE_TYPES, table)), clicks


async def test_a_retry_that_works_is_counted_as_a_success(tmp_path: Path) -> None:
    executor, clicks = clicking(tmp_path, works_for="#a", after=2)
    told: list[tuple[str, str]] = []
    around = Surroundings(log=lambda level, message, _node: told.append((level, message)))
    flow = chain(node("ClickNode", selector="#a", retry={"max_attempts": 5, **QUICK}))
    result = await executor.run(flow, around=around)
    assert clicks == ["#a"] * 3
    entry = result["node_execution"][1]
    assert entry["self_healing"] == {"attempts": 2, "successes": 1}
    assert (entry["status"], entry["failures"], entry["error"]["type"]) == ("completed", 2, "SELECTOR_NOT_FOUND")
    assert self_healing_of(json.dumps(result)) == SelfHealing(2, 1)
    assert told.count(("warning", "ClickNode is tried once more")) == 2


async def test_fallbacks_are_tried_in_turn_after_the_retries(tmp_path: Path) -> None:
    executor, clicks = clicking(tmp_path, works_for="text=Save")
    config = {"selector": "#a", "fallbacks": {"selector": ["#b", "text={{word}}", "#d"]}}
    flow = chain(node("ClickNode", retry={"max_attempts": 2, **QUICK}, **config), variables={"word": "Save"})
    result = await executor.run(flow)
    assert clicks == ["#a", "#a", "#b", "text=Save"]
    assert self_healing_of(json.dumps(result)) == SelfHealing(3, 1)


async def test_the_last_failure_stands_when_nothing_helps(tmp_path: Path) -> None:
    executor, clicks = clicking(tmp_path, works_for="nothing")
    with pytest.raises(SelectorNotFound, match="there is no #b"):
        await executor.run(chain(node("ClickNode", selector="#a", fallbacks={"selector": ["#b"]})))
    assert clicks == ["#a", "#b"]


async def test_only_the_errors_that_are_named_are_tried_again(tmp_path: Path) -> None:
    executor, clicks = clicking(tmp_path, works_for="nothing")
    policy = {"max_attempts": 3, "on": ["TIMEOUT"], **QUICK}
    with pytest.raises(SelectorNotFound):
        await executor.run(chain(node("ClickNode", selector="#a", retry=policy)))
    assert clicks == ["#a"]
    with pytest.raises(WorkflowError, match="`selector` has to be a text"):
        await executor.run(chain(node("ClickNode", selector=7, retry={"max_attempts": 3, "delay_seconds": 60})))


async def test_a_step_without_trouble_reports_no_healing(tmp_path: Path) -> None:
    executor, _ = clicking(tmp_path, works_for="#a")
    result = await executor.run(chain(node("ClickNode", selector="#a", retry=QUICK)))
    assert "self_healing" not in json.dumps(result)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"retry": 3}, "`retry` has to be a record"),
        ({"retry": {"max_attempts": 0}}, "max_attempts"),
        ({"retry": {"on": "TIMEOUT"}}, "list of error types"),
        ({"fallbacks": {"a": [1], "b": [2]}}, "one setting"),
        ({"fallbacks": {"a": []}}, "1 to 20"),
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused(
    executor: Executor, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(WorkflowError, match=message) as caught:
        await executor.run(chain(node("DelayNode", seconds=0, **config)))
    assert (caught.value.error_type, caught.value.node_id) == ("INVALID_CONFIG", "n1")
