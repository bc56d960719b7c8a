"""Robots' connections: lost, resumed, replaced, on several replicas, over their limits."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.jobs import DefinitionStore
from shared.jobs.definitions import definition_of
from shared.web.app import drain
from tests.support.clock import ManualClock
from tests.support.dispatcher import TENANT, Dispatcher, running_dispatcher
from tests.support.eventually import eventually
from tests.support.robot_socket import RobotSocket, SocketServer, serving_dispatcher


@asynccontextmanager
async def running(store_url: str, database_name: str, **settings: Any) -> AsyncIterator[SocketServer]:
    async with (
        running_dispatcher(store_url, database_name, **settings) as dispatcher,
        serving_dispatcher(dispatcher) as server,
    ):
        yield server


@pytest.fixture
async def server(store_url: str, database_name: str) -> AsyncIterator[SocketServer]:
    async with running(store_url, database_name) as server:
        yield server


@pytest.fixture
async def replicas(
    store_url: str, database_name: str, amqp_url: str, amqp_prefix: str
) -> AsyncIterator[tuple[SocketServer, SocketServer]]:
    """Two dispatchers that hear of each other through RabbitMQ."""
    broker = {"amqp_url": amqp_url, "amqp_prefix": f"{amqp_prefix}{database_name}"}
    async with (
        running(store_url, database_name, **broker) as one,
        running(store_url, database_name, **broker) as two,
    ):
        yield one, two


async def is_status(dispatcher: Dispatcher, job_id: str, status: str) -> bool:
    return (await dispatcher.job(job_id)).status == status


async def completed(robot: RobotSocket, job_id: str, **proof: Any) -> None:
    await robot.send("job_complete", job_id=job_id, **proof)
    assert (await robot.expect("job_ack", report="job_complete", job_id=job_id))["outcome"] == "completed"


async def test_a_dropped_socket_fails_nothing_and_the_robot_finds_its_jobs_again(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.register(max_concurrent_jobs=2)
        accepted_job = await server.dispatcher.submit()
        accepted = await robot.accept()
        offered_job = await server.dispatcher.submit()
        offered = await robot.expect("job_assign")
        robot.connection.transport.abort()
    async with server.robot() as robot:
        ack = await robot.register(max_concurrent_jobs=2)
        (kept,) = ack["active_jobs"]
        assert (kept["job_id"], kept["attempt"], kept["lease_token"]) == (
            accepted_job.job_id,
            1,
            accepted["lease_token"],
        )
        again = await robot.expect("job_assign")
        names = ("job_id", "attempt", "lease_token", "workflow_json", "variables")
        assert [again[name] for name in names] == [offered[name] for name in names]
        await robot.send("job_accept", job_id=offered_job.job_id, lease_token=offered["lease_token"])
        await robot.send("job_progress", job_id=accepted_job.job_id, progress=50)
        for job in (offered_job, accepted_job):
            await completed(robot, job.job_id)
            assert (await server.dispatcher.job(job.job_id)).attempt == 1


async def test_a_robot_that_crashed_gives_back_what_it_held(store_url: str, database_name: str) -> None:
    async with running(store_url, database_name, robot_lease_seconds=5) as server:
        async with server.robot() as robot:
            await robot.register(max_concurrent_jobs=3)
            jobs = [await server.dispatcher.submit() for _ in range(3)]
            for _ in jobs:
                await robot.accept()
        async with server.robot() as robot:
            held = (await robot.register(max_concurrent_jobs=3))["active_jobs"]
            assert {each["job_id"] for each in held} == {job.job_id for job in jobs}
            before = {job.job_id: (await server.dispatcher.job(job.job_id)).lease_expires_ms for job in jobs}
            tokens = {each["job_id"]: each["lease_token"] for each in held}
            given_back, failed, lost = (job.job_id for job in jobs)
            await robot.send("job_release", job_id=given_back, lease_token=tokens[given_back])
            assert (await robot.expect("job_ack", report="job_release"))["outcome"] == "pending"
            await robot.send("job_failed", job_id=failed, lease_token=tokens[failed], error="the robot crashed")
            assert (await robot.expect("job_ack", report="job_failed"))["outcome"] == "pending"
            await robot.send("heartbeat", active_jobs=0)
            await robot.expect("heartbeat_ack")
            assert (await server.dispatcher.job(lost)).lease_expires_ms == before[lost]


async def test_a_heartbeat_renews_what_the_robot_says_it_runs(store_url: str, database_name: str) -> None:
    clock = ManualClock()
    async with running(store_url, database_name, clock=clock) as server, server.robot() as robot:
        await robot.register(max_concurrent_jobs=2)
        kept, lost = [await server.dispatcher.submit() for _ in range(2)]
        for _ in range(2):
            await robot.accept()
        for _ in range(2):
            clock.advance(seconds=40)
            await robot.send("heartbeat", active_jobs=[kept.job_id])
            await robot.expect("heartbeat_ack")
        await robot.hear("job_cancel", job_id=lost.job_id, reason="its lease expired")
        stored = await server.dispatcher.job(kept.job_id)
        assert (stored.status, stored.attempt) == ("running", 1)


async def test_what_a_robot_says_before_it_hangs_up_is_taken(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.register()
        first = await server.dispatcher.submit()
        await robot.expect("job_assign")
        next_job = await server.dispatcher.submit()
        about = {"job_id": first.job_id}
        progress = [("job_progress", {**about, "progress": percent}) for percent in range(10)]
        await robot.say_at_once(
            ("job_accept", about),
            *progress,
            ("heartbeat", {}),
            ("job_complete", {**about, "result": {"rows": 4}}),
            hang_up=True,
        )
    await eventually(partial(is_status, server.dispatcher, first.job_id, "completed"))
    await eventually(lambda: _metric(server, "casare_robot_sockets 0.0"))
    assert (await server.dispatcher.job(first.job_id)).result_json == '{"rows":4}'
    assert await is_status(server.dispatcher, next_job.job_id, "pending"), "nobody is there to take it"


async def test_a_second_connection_replaces_the_first_and_takes_over_its_jobs(server: SocketServer) -> None:
    async with server.robot() as first:
        await first.register(max_concurrent_jobs=2)
        accepted = await server.dispatcher.submit()
        await first.accept()
        offered = await server.dispatcher.submit()
        await first.expect("job_assign")
        async with server.robot() as second:
            ack = await second.register(max_concurrent_jobs=2)
            assert await first.close_code() == 4009
            assert [each["job_id"] for each in ack["active_jobs"]] == [accepted.job_id]
            assert (await second.accept())["job_id"] == offered.job_id
            for job in (accepted, offered):
                await completed(second, job.job_id)
                assert (await server.dispatcher.job(job.job_id)).attempt == 1
    await eventually(lambda: _metric(server, "casare_robot_sockets 0.0"))


async def _metric(server: SocketServer, line: str) -> bool:
    return line in (await server.dispatcher.http.get("/metrics")).text


async def test_a_connection_to_another_replica_replaces_the_first(replicas: tuple[SocketServer, SocketServer]) -> None:
    one, two = replicas
    async with one.robot() as first, two.robot() as second:
        await first.register()
        await second.register()
        assert await first.close_code() == 4009
        job = await one.dispatcher.submit()
        assert (await second.accept())["job_id"] == job.job_id
        await completed(second, job.job_id)


async def test_a_replaced_connection_learns_of_it_although_the_event_is_lost(
    store_url: str, database_name: str
) -> None:
    """Two dispatchers that share the store only: neither hears the other's events."""
    async with running(store_url, database_name) as one, running(store_url, database_name) as two:
        async with one.robot("r1") as first, two.robot("r1") as second, one.robot("r2") as other:
            await first.register()
            await second.register()
            await other.register()
            await first.send("heartbeat")
            assert await first.close_code() == 4009
        async with one.robot("r1") as first, two.robot("r1") as second:
            await first.register()
            await second.register()
            job = await one.dispatcher.submit()
            assert await first.close_code() == 4009, "its claim is refused"
            assert (await second.accept())["job_id"] == job.job_id
            assert (await one.dispatcher.job(job.job_id)).attempt == 1


async def test_a_cancellation_on_one_replica_stops_the_robot_on_the_other(
    replicas: tuple[SocketServer, SocketServer],
) -> None:
    one, two = replicas
    async with one.robot() as robot:
        await robot.register()
        job = await two.dispatcher.submit()
        await robot.accept()
        await two.dispatcher.user().post(f"/jobs/{job.job_id}/cancel")
        await robot.expect("job_cancel", job_id=job.job_id)
        await two.dispatcher.user().post("/robots/r1/commands", {"command": "drain"})
        assert (await robot.expect("heartbeat_ack"))["commands"] == ["drain"]


async def test_a_dispatcher_that_stops_gives_back_its_offers_and_sends_robots_elsewhere(server: SocketServer) -> None:
    async with server.robot("r1") as robot, server.robot("r2") as idle:
        await robot.register(max_concurrent_jobs=2)
        accepted = await server.dispatcher.submit()
        await robot.accept()
        offered = await server.dispatcher.submit()
        await robot.expect("job_assign")
        await idle.register()
        drain(server.dispatcher.app)
        assert await robot.close_code() == await idle.close_code() == 1012
        await eventually(partial(is_status, server.dispatcher, offered.job_id, "pending"))
        assert (await server.dispatcher.job(offered.job_id)).attempts_used == 0
        assert await is_status(server.dispatcher, accepted.job_id, "running")
        async with server.robot("r3") as late:
            assert await late.close_code() == 1012


async def test_what_has_arrived_when_a_dispatcher_stops_is_taken(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.register()
        job = await server.dispatcher.submit()
        await robot.accept()
        about = {"job_id": job.job_id}
        progress = [("job_progress", {**about, "progress": percent}) for percent in range(1, 20)]
        await robot.say_at_once(*progress, ("job_complete", about))
        await eventually(lambda: _has_begun(server, job.job_id))
        drain(server.dispatcher.app)
        assert await robot.close_code() == 1012
    assert await is_status(server.dispatcher, job.job_id, "completed")


async def _has_begun(server: SocketServer, job_id: str) -> bool:
    return (await server.dispatcher.job(job_id)).progress > 0


BAD_MESSAGES = {
    "no JSON": "nonsense",
    "not an object": "[1]",
    "no type": "{}",
    "a type that is none": '{"type": 7}',
    "an unknown type": '{"type": "job_explode"}',
    "NaN": '{"type": "heartbeat", "cpu_percent": NaN}',
    "a name twice": '{"type": "heartbeat", "cpu_percent": 1, "cpu_percent": 2}',
    "too deep": '{"type": "job_complete", "job_id": "j", "result": ' + "[" * 70 + "]" * 70 + "}",
    "an id that is none": '{"type": "heartbeat", "id": 7, "payload": {}}',
    "a payload that is none": '{"type": "heartbeat", "id": "a", "payload": []}',
    "a field that is wrong": '{"type": "heartbeat", "memory_mb": "much"}',
    "a job id that is none": '{"type": "job_accept", "job_id": ["x"]}',
    "progress beyond the end": '{"type": "job_progress", "job_id": "j", "progress": 101}',
    "too many lines": json.dumps({"type": "log_batch", "logs": [{"message": "x"}] * 501}),
    "a slot too many": '{"type": "register", "capabilities": {"max_concurrent_jobs": 101}}',
    "a lone surrogate": '{"type": "heartbeat", "status": "\\ud800"}',
}


async def test_what_is_no_message_is_answered_and_the_connection_stays(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.register()
        for name, text in BAD_MESSAGES.items():
            await robot.connection.send(text)
            error = await robot.expect("error")
            assert error["code"] == "INVALID_MESSAGE", name
        await robot.connection.send(b"binary")
        assert (await robot.expect("error"))["code"] == "INVALID_MESSAGE"
        await robot.send("heartbeat")
        await robot.expect("heartbeat_ack")
        for _ in range(20):
            await robot.send("nonsense")
        assert await robot.close_code() == 1008


async def test_an_error_names_the_field_and_the_job(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.send("job_progress", job_id="j1", progress="half")
        error = await robot.expect("error")
        assert (error["field"], error["job_id"], error["report"]) == ("progress", "j1", "job_progress")
        await robot.send("register", capabilities=["browser", 7])
        error = await robot.expect("error")
        assert (error["field"], error["message"].split(":")[0]) == ("capabilities.types.1", "capabilities.types.1")


async def test_a_message_that_is_too_long_is_refused_with_its_job(store_url: str, database_name: str) -> None:
    async with running(store_url, database_name, robot_message_max_bytes=10_000) as server, server.robot() as robot:
        await robot.register()
        job = await server.dispatcher.submit()
        await robot.accept()
        await robot.send("job_complete", job_id=job.job_id, result={"text": "x" * 10_000})
        error = await robot.expect("error")
        assert (error["code"], error["job_id"]) == ("INVALID_MESSAGE", job.job_id)
        await completed(robot, job.job_id, result={"text": "short"})


async def test_too_many_messages_are_refused_unprocessed_and_named_and_end_the_connection(
    store_url: str, database_name: str
) -> None:
    async with running(store_url, database_name, robot_messages_per_minute=60) as server, server.robot() as robot:
        await robot.register()
        job = await server.dispatcher.submit()
        await robot.accept()
        for _ in range(40):
            await robot.send("job_progress", job_id=job.job_id, progress=1)
        await robot.send("job_complete", job_id=job.job_id)
        refused = await robot.expect("error", report="job_complete")
        assert (refused["code"], refused["job_id"]) == ("RATE_LIMITED", job.job_id)
        assert refused["retry_after_seconds"] >= 1
        assert await is_status(server.dispatcher, job.job_id, "running")
        for _ in range(150):
            await robot.send("pong")
        assert await robot.close_code() == 4029


def _narrow_socket(server: SocketServer) -> socket.socket:
    """One whose kernel takes little that the robot does not read; by itself it takes tens of megabytes."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    place = urlsplit(server.url)
    narrow.connect((place.hostname, place.port))
    narrow.setblocking(False)
    return narrow


async def test_a_robot_that_does_not_read_is_cut_off_alone_and_its_job_returns(
    store_url: str, database_name: str
) -> None:
    async with (
        running(store_url, database_name, robot_read_seconds=0.5) as server,
        server.robot("slow", max_queue=1, sock=_narrow_socket(server)) as slow,
    ):
        await slow.register(max_concurrent_jobs=100)
        large = definition_of(TENANT, {"nodes": {}, "note": "x" * 3_000_000})
        await DefinitionStore(server.dispatcher.runtime.store).put(large)
        jobs = await server.dispatcher.submit_many(6, definition_id=large.definition_id)
        closed = 'casare_robot_sockets_closed_total{code="4008"} 1.0'
        await eventually(lambda: _metric(server, closed), timeout_seconds=20)
        async with server.robot("quick") as quick:
            await quick.register(max_concurrent_jobs=100)
            ids = {(await quick.accept())["job_id"] for _ in jobs}
        assert ids == {job.job_id for job in jobs}
        slow.connection.transport.abort()


async def test_a_silent_robot_is_asked_and_then_given_up(store_url: str, database_name: str) -> None:
    async with running(store_url, database_name, robot_silent_seconds=2) as server, server.robot() as robot:
        await robot.register()
        await robot.expect("ping")
        await robot.send("pong")
        await robot.expect("ping")
        assert await robot.close_code() == 4010


async def test_an_old_robot_that_says_pong_and_no_more_is_not_offline(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.send("heartbeat")
        assert (await robot.expect("error"))["reason"] == "ROBOT_NOT_FOUND"
        await robot.register()
        await robot.send("pong")
        assert await robot.nothing_but_answers() == []


async def test_repeated_and_shuffled_reports_change_nothing(server: SocketServer) -> None:
    async with server.robot() as robot:
        await robot.register()
        job = await server.dispatcher.submit()
        assign = await robot.accept()
        await robot.send("job_accept", job_id=job.job_id, lease_token=assign["lease_token"])
        await robot.expect("job_ack")
        await completed(robot, job.job_id)
        await robot.send("job_progress", job_id=job.job_id, progress=10)
        assert (await robot.expect("error"))["reason"] == "JOB_NOT_HELD"
        await robot.send("job_failed", job_id=job.job_id, error="late")
        assert (await robot.expect("error"))["reason"] == "JOB_NOT_HELD"
        await completed(robot, job.job_id)
    assert await is_status(server.dispatcher, job.job_id, "completed")


async def test_a_job_offered_by_a_dispatcher_that_died_returns_uncounted(store_url: str, database_name: str) -> None:
    settings = {"robot_accept_seconds": 1, "lease_check_seconds": 3600}
    async with running(store_url, database_name, **settings) as one, one.robot() as robot:
        await robot.register()
        job = await one.dispatcher.submit()
        await robot.expect("job_assign")
        robot.connection.transport.abort()
    async with running(store_url, database_name) as two:
        await eventually(partial(is_status, two.dispatcher, job.job_id, "pending"))
        assert (await two.dispatcher.job(job.job_id)).attempts_used == 0


async def test_coming_back_is_no_event_that_people_see(server: SocketServer) -> None:
    for tags in (["a"], ["a"], ["b"]):
        async with server.robot() as robot:
            await robot.register(tags=tags)
    seen = server.dispatcher.events
    await eventually(lambda: [event.type for event in seen].count("robot.connected") == 3)
    assert [event.type for event in seen].count("robot.registered") == 2
