"""What becomes of jobs: a whole robot against a real HTTP server."""

import json
from typing import Any

import pytest

from tests.unit.robot.documents import chain, node
from tests.unit.robot.orchestrator import CUT, Orchestrator
from tests.unit.robot.robots import ENDLESS, PAUSE, QUICK, Robots


async def test_a_job_is_claimed_worked_on_reported_and_the_next_one_taken(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", QUICK, variables={"price": "19.90"})
    async with robots(capabilities="browser, desktop", tags="a,b", environment="prod"):
        await server.until(lambda: server.told("complete"))
        server.submit("j2", QUICK, variables={"price": "1"})
        await server.until(lambda: len(server.told("complete")) == 2)
    ((job_id, done), (second, _)) = server.told("complete")
    assert (job_id, second) == ("j1", "j2")
    assert done["result"]["outputs"] == {"total": "20.00"}
    assert [each["node_id"] for each in done["result"]["node_execution"]] == ["start", "n1", "end"]
    assert done["lease_token"] == "token-j1"
    registration = server.robots["robot-1"]
    assert registration["capabilities"] == ["browser", "desktop"]
    assert (registration["tags"], registration["environment"]) == (["a", "b"], "prod")
    assert server.told("claim")[0][1] == {
        "robot_id": "robot-1",
        "environment": "prod",
        "limit": 1,
        "visibility_timeout_seconds": 30,
        "wait_seconds": 5,
    }
    last_progress = [body for subject, body in server.told("progress") if subject == "j1"][-1]
    assert last_progress == {"progress": 100, "lease_token": "token-j1"}
    assert server.told("heartbeat")[0][1].keys() >= {"active_jobs", "disk_free_gb"}


@pytest.mark.parametrize(
    ("workflow", "error_type", "node_id"),
    [
        (chain(node("MysteryNode")), "UNKNOWN_NODE_TYPE", "n1"),
        ("{nonsense", "INVALID_WORKFLOW", None),
        ("[]", "INVALID_WORKFLOW", None),
        (chain(node("ExpressionNode", expression="1 / 0")), "EXPRESSION_ERROR", "n1"),
    ],
)
async def test_a_failure_is_reported_with_its_type_and_node(
    server: Orchestrator, robots: Robots, workflow: Any, error_type: str, node_id: str | None
) -> None:
    server.start()
    server.submit("j1", workflow)
    async with robots():
        await server.until(lambda: server.told("fail"))
    ((job_id, body),) = server.told("fail")
    assert (job_id, body["error_type"], body.get("node_id")) == ("j1", error_type, node_id)
    assert body["retryable"] is False
    assert body["error_message"]
    assert body["lease_token"] == "token-j1"


async def test_a_job_cancelled_by_a_lease_call_is_stopped_and_not_reported(
    server: Orchestrator, robots: Robots
) -> None:
    server.start()
    server.cancelled.add("j1")
    server.submit("j1", ENDLESS)
    server.submit("j2", QUICK, variables={"price": 1})
    async with robots(lease_extension_interval_seconds=0.02):
        await server.until(lambda: server.ends_of("j2"))
    assert server.told("extend-lease")[0] == ("j1", {"extension_seconds": 30, "lease_token": "token-j1"})
    assert server.ends_of("j1") == []


async def test_a_job_cancelled_by_a_heartbeat_is_stopped_and_not_reported(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", ENDLESS)
    server.submit("j2", QUICK, variables={"price": 1})
    async with robots(heartbeat_interval_seconds=0.02):
        await server.until(lambda: ("j1", "n1") in [(s, b.get("current_node")) for s, b in server.told("progress")])
        server.cancelled_by_heartbeat.append("j1")
        await server.until(lambda: server.ends_of("j2"))
    assert server.ends_of("j1") == []


@pytest.mark.parametrize("verb", ["extend-lease", "progress"])
@pytest.mark.parametrize("status", [409, 404])
async def test_a_job_that_is_held_no_more_is_stopped_and_not_reported(
    server: Orchestrator, robots: Robots, verb: str, status: int
) -> None:
    server.start()
    server.faults[verb] = [status]
    server.submit("j1", ENDLESS)
    server.submit("j2", QUICK, variables={"price": 1})
    async with robots(lease_extension_interval_seconds=0.02):
        await server.until(lambda: server.ends_of("j2"))
    assert server.ends_of("j1") == []


async def test_a_report_answered_with_409_is_dropped(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.faults["complete"] = [409]
    server.submit("j1", QUICK, variables={"price": 1})
    server.submit("j2", QUICK, variables={"price": 1})
    async with robots():
        await server.until(lambda: server.ends_of("j2"))
    assert server.ends_of("j1") == ["complete"]


@pytest.mark.parametrize("verb", ["complete", "fail"])
async def test_a_report_is_repeated_until_the_server_takes_it(server: Orchestrator, robots: Robots, verb: str) -> None:
    server.start()
    server.retry_after = "0"
    server.faults = {verb: [CUT, 503, 429, 500]}
    server.submit("j1", QUICK, variables={"price": 1 if verb == "complete" else "none"})
    async with robots():
        await server.until(lambda: len(server.ends_of("j1")) == 5)
    assert server.ends_of("j1") == [verb] * 5


async def test_a_report_waits_as_long_as_the_server_asks_but_no_longer_than_the_lease(
    server: Orchestrator, robots: Robots
) -> None:
    server.start()
    server.retry_after = "3600"
    server.faults = {"complete": [429]}
    server.submit("j1", QUICK, variables={"price": 1})
    server.submit("j2", QUICK, variables={"price": 1})
    async with robots(lease_extension_interval_seconds=0.02):
        await server.until(lambda: server.ends_of("j1"))
        server.faults["extend-lease"] = [409]
        await server.until(lambda: server.ends_of("j2"))
    assert server.ends_of("j1") == ["complete"]


async def test_a_refused_result_fails_the_job(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.faults["complete"] = [413]
    server.submit("j1", QUICK, variables={"price": 1})
    async with robots():
        await server.until(lambda: server.told("fail"))
    assert server.told("fail")[0][1]["error_type"] == "REPORT_REFUSED"


async def test_a_refused_failure_is_reported_plainly_and_once(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.faults["fail"] = [400]
    server.submit("j1", chain(node("MysteryNode")))
    async with robots():
        await server.until(lambda: len(server.told("fail")) == 2)
    plain = server.told("fail")[1][1]
    assert (plain["error_type"], plain["error_message"]) == ("REPORT_REFUSED", "the report was refused")


async def test_a_failed_job_reports_its_nodes_and_goes_without_them_where_they_are_refused(
    server: Orchestrator, robots: Robots
) -> None:
    server.start()
    server.faults["fail"] = [413]
    server.submit("j1", chain(node("ExpressionNode", expression="1 / 0")))
    async with robots():
        await server.until(lambda: len(server.told("fail")) == 2)
    (_, whole), (_, plain) = server.told("fail")
    assert [(each["node_id"], each["status"]) for each in whole["result"]["node_execution"]] == [
        ("start", "completed"),
        ("n1", "failed"),
    ]
    assert (plain["error_type"], plain["node_id"], "result" in plain) == ("EXPRESSION_ERROR", "n1", False)


async def test_a_second_attempt_at_a_job_ends_the_first(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", ENDLESS)
    async with robots(max_concurrent_jobs=2):
        await server.until(lambda: server.told("progress"))
        server.submit("j1", QUICK, variables={"price": 1}, attempt=2, lease_token="second")
        await server.until(lambda: server.ends_of("j1"))
    assert [(subject, body["lease_token"]) for subject, body in server.told("complete")] == [("j1", "second")]


async def test_progress_is_sent_once_per_interval_and_at_the_end(server: Orchestrator, robots: Robots) -> None:
    server.start()
    steps = [each for number in range(8) for each in (node("LogNode", message=f"step {number}"), PAUSE)]
    server.submit("j1", chain(*steps))
    async with robots(progress_interval_seconds=60):
        await server.until(lambda: server.ends_of("j1"))
    sent = [body for _, body in server.told("progress")]
    assert len(sent) <= 2
    assert (sent[-1]["progress"], sent[-1]["message"]) == (100, "step 7")


async def test_text_that_cannot_be_sent_reaches_the_server_repaired(server: Orchestrator, robots: Robots) -> None:
    server.start()
    flow = chain(node("LogNode", message="{{half}}"), node("SetVariableNode", variable_name="text", value="{{half}}"))
    server.submit("j1", flow, variables={"half": "a\ud800"})
    server.submit("j2", chain(node("GetVariableNode", variable_name="{{odd}}")), variables={"odd": "\ud800\x00" * 9})
    async with robots():
        await server.until(lambda: server.ends_of("j2"))
    assert server.told("complete")[0][1]["result"]["outputs"] == {"text": "a?"}
    assert server.told("fail")[0][1]["error_type"] == "INVALID_CONFIG"


async def test_an_answer_without_a_job_id_is_passed_over(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.queue.append({"workflow_json": "{}"})
    server.submit("j1", QUICK, variables={"price": 1})
    async with robots():
        await server.until(lambda: server.ends_of("j1"))
    assert json.dumps(server.told("complete")[0][1]["result"])
