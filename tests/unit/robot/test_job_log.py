"""What users read about a job while it runs."""

from typing import Any

import pytest

from robot.job_log import MAX_WAITING
from tests.unit.robot.documents import chain, document, node
from tests.unit.robot.orchestrator import CUT, Orchestrator
from tests.unit.robot.robots import QUICK, Robots

TELLING = chain(node("LogNode", message="Opened invoice {{number}}", level="warning"), variables={"number": 4711})


def lines(server: Orchestrator) -> list[tuple[str, str, str | None]]:
    """What the log holds when each batch is added once."""
    batches = {body["batch_id"]: body["logs"] for _, body in server.told("logs")}
    return [(line["level"], line["message"], line.get("node_id")) for batch in batches.values() for line in batch]


async def test_the_log_tells_what_the_workflow_and_the_engine_say(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", TELLING)
    async with robots():
        await server.until(lambda: server.ends_of("j1"))
    told = lines(server)
    assert ("info", "attempt 1 began on robot robot-1", None) in told
    assert ("warning", "Opened invoice 4711", "n1") in told
    assert told[-1] == ("info", "the workflow is done", None)
    assert any(message.startswith("LogNode done in") for _, message, _ in told)
    assert not any(level == "debug" for level, _, _ in told)
    verbs = [verb for verb, subject, _ in server.calls if subject == "j1"]
    assert verbs.index("complete") > len(verbs) - 1 - verbs[::-1].index("logs")


async def test_a_failure_is_told_with_its_node(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", chain(node("ExpressionNode", expression="1 / 0")))
    async with robots(job_log_level="debug"):
        await server.until(lambda: server.ends_of("j1"))
    told = [(level, node_id) for level, message, node_id in lines(server) if "EXPRESSION_ERROR" in message]
    assert told == [("error", "n1"), ("error", "n1")]
    assert ("debug", "StartNode started", "start") in lines(server)


@pytest.mark.parametrize("faults", [[CUT, 503], [429, 500]])
async def test_a_batch_that_may_be_lost_is_repeated_under_its_name(
    server: Orchestrator, robots: Robots, faults: list[Any]
) -> None:
    server.start()
    server.faults["logs"] = faults
    server.submit("j1", TELLING)
    async with robots():
        await server.until(lambda: server.ends_of("j1"))
    names = [body["batch_id"] for _, body in server.told("logs")]
    assert len(names) > len(set(names))
    assert [message for _, message, _ in lines(server)].count("Opened invoice 4711") == 1


@pytest.mark.parametrize("status", [400, 409])
async def test_a_log_that_is_refused_does_not_harm_the_job(server: Orchestrator, robots: Robots, status: int) -> None:
    server.start()
    server.faults["logs"] = [status] * 50
    server.submit("j1", QUICK, variables={"price": 1})
    async with robots():
        await server.until(lambda: server.ends_of("j1"))
    assert server.ends_of("j1") == ["complete"]


async def test_lines_beyond_what_can_wait_are_counted(server: Orchestrator, robots: Robots) -> None:
    server.start()
    flow = document(
        *("start -> each", "each.loop_body -> log"),
        start=node("StartNode"),
        each=node("ForNode", end=MAX_WAITING + 10),
        log=node("LogNode", message="again"),
    )
    server.submit("j1", flow)
    async with robots(job_log_interval_seconds=60, progress_interval_seconds=60):
        await server.until(lambda: server.ends_of("j1"))
    told = [message for _, message, _ in lines(server)]
    assert [message for message in told if "lines are missing here" in message]
    assert told.count("again") <= MAX_WAITING
