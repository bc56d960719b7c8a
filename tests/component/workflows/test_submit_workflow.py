"""POST /workflows when all is well (contract, Workflow Endpoints; clarifications 10 and 14)."""

from typing import Any

import pytest

from shared.jobs import DefinitionStore
from shared.kernel.ids import is_uuid
from tests.component.workflows.service import Workflows, body
from tests.support.eventually import eventually


async def test_a_manual_submission_answers_every_documented_field(workflows: Workflows) -> None:
    answer = await workflows.submit()
    assert is_uuid(answer.pop("workflow_id"))
    assert is_uuid(answer.pop("job_id"))
    assert answer == {
        "schedule_id": None,
        "status": "success",
        "message": "Workflow submitted and queued for lan execution",
        "created_at": "2026-01-01T12:00:00Z",
        "webhook_id": None,
        "webhook_url": None,
        "webhook_secret": None,
    }


async def test_a_manual_submission_queues_one_job(workflows: Workflows) -> None:
    answer = await workflows.submit(priority=3, execution_mode="internet")
    assert answer["message"] == "Workflow submitted and queued for internet execution"
    [job] = await workflows.documents("jobs")
    assert job["_id"] == answer["job_id"]
    assert (job["workflow_id"], job["workflow_name"]) == (answer["workflow_id"], "My Workflow")
    assert (job["tenant_id"], job["status"], job["trigger"]) == ("default", "pending", "manual")
    assert (job["priority"], job["workflow_version"], job["created_by"]) == (3, 1, "u1")
    assert job["requirements"]["environment"] == "default"
    assert job["requirements"]["execution_mode"] == "internet"
    assert job["queue_position"] is not None


async def test_the_job_names_a_definition_that_is_stored(workflows: Workflows) -> None:
    await workflows.submit(workflow_json={"nodes": {"n1": {"node_type": "StartNode"}}})
    [job] = await workflows.documents("jobs")
    text = await DefinitionStore(workflows.runtime.store).get(job["definition_id"])
    assert text == '{"nodes":{"n1":{"node_type":"StartNode"}}}'


async def test_what_is_left_out_gets_the_documented_defaults(workflows: Workflows) -> None:
    await workflows.submit()
    [stored] = await workflows.documents("workflows")
    assert (stored["trigger_type"], stored["execution_mode"], stored["priority"]) == ("manual", "lan", 10)
    assert stored["description"] is None
    assert stored["versions"]["1"]["n_nodes"] == 0


async def test_a_submission_is_announced(workflows: Workflows) -> None:
    answer = await workflows.submit()
    await eventually(lambda: len(workflows.events) == 2)
    subjects = {event.type: event.subject for event in workflows.events}
    assert subjects == {"workflow.created": answer["workflow_id"], "job.submitted": answer["job_id"]}
    assert {event.tenantid for event in workflows.events} == {"default"}


@pytest.mark.parametrize("nodes", [{}, [], [{"id": "a"}], {"a": {}}, {str(n): {} for n in range(1000)}])
async def test_nodes_may_be_an_object_or_an_array_of_up_to_1000(workflows: Workflows, nodes: Any) -> None:
    await workflows.submit(workflow_json={"nodes": nodes})
    [stored] = await workflows.documents("workflows")
    assert stored["versions"]["1"]["n_nodes"] == len(nodes)


async def test_names_may_have_255_characters_of_any_script(workflows: Workflows) -> None:
    name = "Rechnungsprüfung 請求書 🧾".ljust(255, "é")
    answer = await workflows.submit(workflow_name=name)
    async with workflows.client() as client:
        assert (await client.get(f"/api/v1/workflows/{answer['workflow_id']}")).json()["workflow_name"] == name


async def test_a_definition_may_be_nested_64_levels(workflows: Workflows) -> None:
    nested: Any = {}
    for _ in range(62):
        nested = {"a": nested}
    await workflows.submit(workflow_json={"nodes": {}, "deep": nested})
    assert len(await workflows.documents("workflows")) == 1


async def test_a_cron_expression_is_ignored_unless_the_trigger_is_a_schedule(workflows: Workflows) -> None:
    answer = await workflows.submit(schedule_cron="0 9 * * 1-5", trigger_type="manual")
    assert answer["schedule_id"] is None
    assert await workflows.documents("schedules") == []


async def test_a_scheduled_submission_makes_a_schedule_and_no_job(workflows: Workflows) -> None:
    answer = await workflows.submit(
        trigger_type="scheduled", schedule_cron="0 9 * * 1-5", priority=3, execution_mode="internet"
    )
    assert is_uuid(answer["schedule_id"])
    assert answer["job_id"] is None
    assert answer["status"] == "success"
    assert answer["message"] == "Workflow scheduled: next run 2026-01-02T09:00:00.000Z"
    [schedule] = await workflows.documents("schedules")
    assert schedule["_id"] == answer["schedule_id"]
    assert (schedule["tenant_id"], schedule["created_by"]) == ("default", "u1")
    assert (schedule["workflow_id"], schedule["workflow_name"]) == (answer["workflow_id"], "My Workflow")
    assert (schedule["name"], schedule["cron"], schedule["priority"]) == ("My Workflow", "0 9 * * 1-5", 3)
    assert schedule["execution_mode"] == "internet"
    assert schedule["enabled"]
    assert await workflows.documents("jobs") == []


async def test_a_webhook_submission_starts_nothing(workflows: Workflows) -> None:
    answer = await workflows.submit(trigger_type="webhook")
    assert answer["job_id"] is None
    assert answer["schedule_id"] is None
    assert answer["message"] == "Workflow stored; it runs when its webhook is called"
    assert len(await workflows.documents("workflows")) == 1
    assert await workflows.documents("jobs") == []


async def test_the_callers_trace_goes_on_in_the_job(workflows: Workflows) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with workflows.client() as client:
        await client.post("/api/v1/workflows", json=body(), headers={"traceparent": trace})
        await client.post("/api/v1/workflows", json=body(), headers={"traceparent": "nonsense"})
    traces = {job["traceparent"] for job in await workflows.documents("jobs")}
    assert trace in traces
    assert "nonsense" not in traces
