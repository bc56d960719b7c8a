"""A robot's day on its socket: register, work, report, be stopped, leave."""

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from tests.support.dispatcher import TENANT, Dispatcher, running_dispatcher
from tests.support.eventually import eventually
from tests.support.robot_socket import SocketServer, robot_key, serving_dispatcher


@pytest.fixture
async def server(store_url: str, database_name: str) -> AsyncIterator[SocketServer]:
    async with (
        running_dispatcher(store_url, database_name) as dispatcher,
        serving_dispatcher(dispatcher) as server,
    ):
        yield server


async def has_status(dispatcher: Dispatcher, job_id: str, *statuses: str) -> bool:
    return (await dispatcher.job(job_id)).status in statuses


async def ends(dispatcher: Dispatcher, job_id: str, status: str) -> None:
    await eventually(partial(has_status, dispatcher, job_id, status))


async def test_registering_answers_what_robots_wait_for(server: SocketServer) -> None:
    async with server.robot() as robot:
        ack = await robot.register(
            robot_name="Robot 1",
            capabilities={"types": ["browser", "browser"], "max_concurrent_jobs": 3},
            environment="production",
            tags=["fast"],
            invented={"later": 1},
        )
        assert (ack["success"], ack["robot_id"], ack["config"], ack["active_jobs"]) == (
            True,
            "r1",
            {"heartbeat_interval": 30},
            [],
        )
        assert ack["timestamp"].endswith("Z")
    shown = (await server.dispatcher.user().get("/robots/r1")).json()
    assert (shown["name"], shown["capabilities"], shown["max_concurrent_jobs"]) == ("Robot 1", ["browser"], 3)
    assert (shown["environment"], shown["tags"], shown["status"]) == ("production", ["fast"], "idle")


async def test_a_job_is_pushed_accepted_reported_and_completed(server: SocketServer) -> None:
    dispatcher = server.dispatcher
    async with server.robot() as robot:
        await robot.register()
        job = await dispatcher.submit(variables={"month": "May"}, priority=3, timeout_seconds=120)
        assign = await robot.expect("job_assign")
        assert assign["job_id"] == job.job_id
        assert json.loads(assign["workflow_json"]) == assign["workflow_data"] == {"nodes": {}, "connections": []}
        assert assign["variables"] == assign["parameters"] == {"month": "May"}
        assert assign["timeout"] == assign["timeout_seconds"] == 120
        assert (assign["priority"], assign["attempt"], assign["workflow_name"]) == (3, 1, "Invoices")
        assert (await dispatcher.job(job.job_id)).is_offered
        await robot.send("job_accept", job_id=job.job_id)
        ack = await robot.expect("job_ack", report="job_accept")
        assert (ack["job_id"], ack["outcome"], ack["attempt"]) == (job.job_id, "running", 1)
        stored = await dispatcher.job(job.job_id)
        assert (stored.status, stored.lease_seconds, stored.lease_token) == ("running", 60, assign["lease_token"])
        await robot.send("job_progress", job_id=job.job_id, progress=33.4, current_node="n1", message="half way")
        await robot.nothing_but_answers()
        stored = await dispatcher.job(job.job_id)
        assert (stored.progress, stored.current_node, stored.progress_message) == (33, "n1", "half way")
        for _ in range(2):
            await robot.send("job_complete", job_id=job.job_id, result={"rows": 4}, lease_token=assign["lease_token"])
            assert (await robot.expect("job_ack", report="job_complete"))["outcome"] == "completed"
    stored = await dispatcher.job(job.job_id)
    assert (stored.status, stored.result_json, stored.attempt) == ("completed", '{"rows":4}', 1)
    shown = (await dispatcher.user().get("/robots/r1")).json()
    assert shown["current_job_ids"] == []


@pytest.mark.parametrize("field", ["error", "error_message"])
async def test_a_failure_ends_the_attempt_and_its_stack_trace_is_kept(server: SocketServer, field: str) -> None:
    dispatcher = server.dispatcher
    async with server.robot() as robot:
        await robot.register()
        job = await dispatcher.submit(max_attempts=1)
        await robot.accept()
        report: dict[str, Any] = {
            field: "no \x1b[31mbutton",
            "error_type": "E1",
            "failed_node": "n7",
            "stack_trace": "at x",
        }
        for _ in range(2):
            await robot.send("job_failed", job_id=job.job_id, **report)
            assert (await robot.expect("job_ack", report="job_failed"))["outcome"] == "failed"
    stored = await dispatcher.job(job.job_id)
    assert (stored.error_message, stored.error_type, stored.failed_node) == ("no \ufffd[31mbutton", "E1", "n7")
    lines = (await dispatcher.user().get(f"/jobs/{job.job_id}/logs")).json()["logs"]
    assert [(line["level"], line["message"], line["node_id"]) for line in lines] == [("error", "at x", "n7")]


@pytest.mark.parametrize("enveloped", [False, True])
async def test_a_failure_may_tell_what_the_attempt_came_to(server: SocketServer, enveloped: bool) -> None:
    dispatcher = server.dispatcher
    result = {"node_execution": [{"node_id": "n7", "status": "failed", "duration_ms": 7}]}
    async with server.robot(enveloped=enveloped) as robot:
        await robot.register()
        job = await dispatcher.submit(max_attempts=1)
        await robot.accept()
        for told in (result, {"other": 1}):
            await robot.send("job_failed", job_id=job.job_id, error="no button", result=told)
            assert (await robot.expect("job_ack", report="job_failed"))["outcome"] == "failed"
    assert (await dispatcher.user().get(f"/jobs/{job.job_id}")).json()["result"] == result


async def test_lines_of_a_log_are_kept_and_a_named_batch_once(server: SocketServer) -> None:
    dispatcher = server.dispatcher
    async with server.robot() as robot:
        await robot.register()
        job = await dispatcher.submit()
        await robot.accept()
        await robot.send("log_entry", job_id=job.job_id, level="WARN", message="one", timestamp="2026-01-01T12:00:00Z")
        await robot.send("log_entry", message="of the robot itself")
        for name in ("logs", "entries"):
            lines = [{"job_id": job.job_id, "level": "info", "message": name}, {"message": "of the robot itself"}]
            await robot.send("log_batch", **{name: lines})
        for _ in range(2):
            await robot.send("log_batch", job_id=job.job_id, batch_id="b1", logs=[{"message": "named"}])
            assert (await robot.expect("log_ack"))["accepted"] == 1
        await robot.send(
            "log_batch", logs=[{"job_id": "another", "message": "x"}, {"job_id": job.job_id, "message": "y"}]
        )
        assert (await robot.expect("error"))["reason"] == "JOB_NOT_FOUND"
    found = (await dispatcher.user().get(f"/jobs/{job.job_id}/logs")).json()["logs"]
    assert [line["message"] for line in found] == ["one", "logs", "entries", "named", "y"]


async def test_a_rejected_job_returns_uncounted_and_goes_to_another_robot(server: SocketServer) -> None:
    dispatcher = server.dispatcher
    async with server.robot("r1") as first, server.robot("r2") as second:
        await first.register()
        job = await dispatcher.submit()
        assert (await first.expect("job_assign"))["job_id"] == job.job_id
        await second.register()
        await first.send("job_reject", job_id=job.job_id, reason="busy with updates")
        assert (await first.expect("job_ack", report="job_reject"))["outcome"] == "pending"
        assert (await second.expect("job_assign"))["job_id"] == job.job_id
        assert [each for each in await first.nothing_but_answers() if each["type"] == "job_assign"] == []
    stored = await dispatcher.job(job.job_id)
    assert (stored.attempt, stored.attempts_used) == (2, 1)


async def test_a_rejected_job_comes_back_to_the_only_robot_soon(server: SocketServer) -> None:
    async with server.robot("r1") as robot:
        await robot.register()
        job = await server.dispatcher.submit()
        assert (await robot.expect("job_assign"))["job_id"] == job.job_id
        await robot.send("job_reject", job_id=job.job_id, reason="not at this very moment")
        assert (await robot.expect("job_assign"))["job_id"] == job.job_id


async def test_an_unanswered_job_returns_uncounted_and_the_late_robot_is_told_to_stop(
    store_url: str, database_name: str
) -> None:
    async with (
        running_dispatcher(store_url, database_name, robot_accept_seconds=2) as dispatcher,
        serving_dispatcher(dispatcher) as server,
        server.robot("r1") as first,
        server.robot("r2") as second,
    ):
        await first.register()
        job = await dispatcher.submit()
        await first.expect("job_assign")
        assert (await first.expect("job_cancel", job_id=job.job_id))["reason"] == "not accepted in time"
        stored = await dispatcher.job(job.job_id)
        assert (stored.status, stored.attempts_used) == ("pending", 0)
        await first.send("job_accept", job_id=job.job_id)
        await first.expect("job_cancel", job_id=job.job_id)
        refusal = await first.expect("error")
        expected = ("INVALID_MESSAGE", "JOB_NOT_HELD", job.job_id)
        assert (refusal["code"], refusal["reason"], refusal["job_id"]) == expected
        await second.register()
        assert (await second.accept())["job_id"] == job.job_id
        metrics = (await dispatcher.http.get("/metrics")).text
    assert 'casare_robot_assignments_total{outcome="unanswered"} 1.0' in metrics
    assert 'casare_robot_assignments_total{outcome="accepted"} 1.0' in metrics


async def test_a_cancelled_job_is_stopped_at_once_and_until_the_robot_confirms(server: SocketServer) -> None:
    dispatcher = server.dispatcher
    async with server.robot() as robot:
        await robot.register()
        job = await dispatcher.submit()
        await robot.accept()
        assert (await dispatcher.user().post(f"/jobs/{job.job_id}/cancel")).json()["cancelled"]
        assert (await robot.expect("job_cancel", job_id=job.job_id))["reason"] == "cancelled"
        await robot.send("heartbeat", active_jobs=1)
        assert (await robot.expect("heartbeat_ack"))["cancelled_jobs"] == [job.job_id]
        await robot.expect("job_cancel", job_id=job.job_id)
        await robot.send("job_complete", job_id="none", result={})
        await robot.expect("error", reason="JOB_NOT_FOUND")
        await robot.send("job_cancelled", job_id=job.job_id)
        assert (await robot.expect("job_ack", report="job_cancelled"))["outcome"] == "cancelled"
        await robot.send("heartbeat", active_jobs=0)
        assert (await robot.expect("heartbeat_ack"))["cancelled_jobs"] == []
        next_job = await dispatcher.submit()
        assert (await robot.accept())["job_id"] == next_job.job_id


async def test_a_job_stopped_at_the_robot_fails_and_is_not_tried_again(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.register()
        job = await server.dispatcher.submit()
        await robot.accept()
        await robot.send("job_cancelled", job_id=job.job_id)
        assert (await robot.expect("job_ack", report="job_cancelled"))["outcome"] == "failed"
    assert (await server.dispatcher.job(job.job_id)).error_type == "CANCELLED_BY_ROBOT"


async def test_a_timed_out_job_is_stopped(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.register()
        job = await server.dispatcher.submit(timeout_seconds=1)
        await robot.accept()
        assert (await robot.expect("job_cancel", job_id=job.job_id))["reason"] == "timed out"


async def test_leaving_in_good_order_frees_what_was_not_accepted(server: SocketServer) -> None:
    dispatcher = server.dispatcher
    async with server.robot() as robot:
        await robot.register(max_concurrent_jobs=2)
        accepted = await dispatcher.submit()
        await robot.accept()
        offered = await dispatcher.submit()
        await robot.expect("job_assign")
        await robot.send("disconnect", reason="maintenance")
        assert await robot.close_code() == 1000
    await ends(dispatcher, offered.job_id, "pending")
    stored = await dispatcher.job(offered.job_id)
    assert (stored.attempts_used, (await dispatcher.job(accepted.job_id)).status) == (0, "running")


async def test_a_robot_gets_as_many_jobs_as_it_has_slots_and_the_next_when_one_is_free(server: SocketServer) -> None:
    async with server.robot() as robot:
        for _ in range(4):
            await server.dispatcher.submit()
        await robot.register(capabilities={"types": [], "max_concurrent_jobs": 2})
        first, second = await robot.accept(), await robot.accept()
        assert [each["type"] for each in await robot.nothing_but_answers()] == []
        await robot.send("job_complete", job_id=first["job_id"], result=None)
        third = await robot.accept()
        await server.dispatcher.robot("r1").post(f"/jobs/{second['job_id']}/complete", {})
        fourth = await robot.accept()
        assert len({each["job_id"] for each in (first, second, third, fourth)}) == 4


async def test_enveloped_messages_are_answered_in_envelopes_that_name_them(server: SocketServer) -> None:
    async with server.robot(enveloped=True) as robot:
        message_id = await robot.send("register")
        ack = await robot.expect("register_ack")
        assert (ack["correlation_id"], ack["payload"]["success"]) == (message_id, True)
        await server.dispatcher.submit()
        assign = await robot.expect("job_assign")
        assert "correlation_id" not in assign
        assert assign["payload"]["workflow_data"] == {"nodes": {}, "connections": []}
        message_id = await robot.send("job_accept", job_id="nobody's")
        assert (await robot.expect("error"))["correlation_id"] == message_id


async def test_commands_reach_the_robot_at_once_and_hold(server: SocketServer) -> None:
    dispatcher, operator = server.dispatcher, server.dispatcher.user(Role.OPERATOR)
    async with server.robot() as robot:
        await robot.register()
        answer = await operator.post("/robots/r1/commands", {"command": "pause"})
        assert answer.json() == {"robot_id": "r1", "command": "pause", "status": "maintenance"}
        assert (await robot.expect("heartbeat_ack"))["commands"] == ["pause"]
        job = await dispatcher.submit()
        await robot.send("heartbeat")
        assert (await robot.expect("heartbeat_ack"))["commands"] == ["pause"]
        assert (await dispatcher.job(job.job_id)).status == "pending"
        answer = (await dispatcher.robot("r1").post("/robots/r1/heartbeat", {})).json()
        assert answer["commands"] == ["pause"]
        await operator.post("/robots/r1/commands", {"command": "resume"})
        assert (await robot.expect("heartbeat_ack"))["commands"] == ["resume"]
        await robot.accept()
        await operator.post("/robots/r1/commands", {"command": "drain"})
        assert (await robot.expect("heartbeat_ack"))["commands"] == ["drain"]
        await robot.register()
        assert (await robot.expect("heartbeat_ack"))["commands"] == ["drain"]
        await robot.send("job_complete", job_id=job.job_id)
        await robot.expect("job_ack", report="job_complete")
        await robot.send("disconnect")
        assert await robot.close_code() == 1000
    async with server.robot() as robot:
        await robot.register()
        await dispatcher.submit()
        await robot.accept()
    assert (await operator.post("/robots/r1/commands", {"command": "explode"})).status_code == 400
    assert (await operator.post("/robots/r2/commands", {"command": "drain"})).status_code == 404
    assert (await dispatcher.user(Role.VIEWER).post("/robots/r1/commands", {"command": "drain"})).status_code == 403


async def test_who_may_not_speak_for_the_robot_is_told_by_a_code(server: SocketServer) -> None:
    dispatcher = server.dispatcher
    user = Identity(kind="user", subject="u1", tenant_id=TENANT, roles=(Role.ADMIN,))
    for headers, code in (
        ({}, 4001),
        ({"x-casare-identity": "forged"}, 4001),
        (dispatcher.headers(robot_key("r2")), 4003),
        (dispatcher.headers(user), 4003),
    ):
        async with server.open("r1", headers) as connection:
            await connection.wait_closed()
            assert connection.close_code == code
    async with server.robot(identity=robot_key(None, environment="lan")) as robot:
        await robot.send("register", environment="production")
        assert (await robot.expect("error"))["code"] == "AUTH_FAILED"
        assert await robot.close_code() == 4003
    async with server.robot(identity=robot_key(None, environment="lan")) as robot:
        await robot.register()
    assert (await dispatcher.user().get("/robots/r1")).json()["environment"] == "lan"
    async with server.robot() as robot:
        await robot.send("register", robot_id="r2")
        assert await robot.close_code() == 4003


async def test_a_deleted_robot_is_sent_away_and_its_job_returns(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.register()
        job = await server.dispatcher.submit()
        await robot.accept()
        await server.dispatcher.user().delete("/robots/r1")
        assert await robot.close_code() == 4003
    await ends(server.dispatcher, job.job_id, "pending")
