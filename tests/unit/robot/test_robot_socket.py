"""Jobs pushed through the socket: a whole robot against a real server."""

import asyncio
from typing import Any

import pytest

from robot import socket_feed, supply
from robot.protocol import AccessRefused, Replaced
from robot.socket_connection import socket_url
from tests.unit.robot.documents import chain, node
from tests.unit.robot.orchestrator import Orchestrator
from tests.unit.robot.robots import ENDLESS, QUICK, Robots
from tests.unit.robot.socket_side import SocketSide

PRICE: dict[str, Any] = {"variables": {"price": 1}}


@pytest.fixture
async def socket(server: Orchestrator) -> SocketSide:
    """The server's socket, which takes connections."""
    server.start()
    server.socket.refuse_with = None
    return server.socket


@pytest.mark.parametrize("enveloped", [False, True])
async def test_a_job_is_pushed_accepted_worked_on_and_reported(
    server: Orchestrator, socket: SocketSide, robots: Robots, enveloped: bool
) -> None:
    socket.enveloped = enveloped
    async with robots(connection="socket", capabilities="browser", name="Robot One"):
        await socket.until(lambda: socket.got("heartbeat"))
        await socket.assign("j1", chain(node("DelayNode", seconds=0.2)))
        await server.until(lambda: server.ends_of("j1"))
    assert server.told("complete")[0][1]["lease_token"] == "t1"
    assert (server.told("extend-lease"), server.told("claim")) == ([], [])
    (registered,) = socket.got("register")
    assert (registered["robot_name"], registered["capabilities"]) == ("Robot One", ["browser"])
    assert socket.got("job_accept") == [
        {"type": "job_accept", "job_id": "j1", "lease_token": "t1", "lease_seconds": 30}
    ]
    assert socket.got("heartbeat")[0].keys() >= {"status", "active_jobs", "disk_free_gb"}
    assert socket.received[-1]["type"] == "disconnect"


async def test_what_does_not_fit_is_rejected_and_what_runs_is_accepted_again(
    server: Orchestrator, socket: SocketSide, robots: Robots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_feed, "SLOT_SECONDS", 0.05)
    async with robots(connection="socket"):
        await socket.until(lambda: socket.registered)
        await socket.assign("j1", ENDLESS)
        await server.until(lambda: server.told("progress"))
        await socket.assign("j2", QUICK, token="t2")
        await socket.assign("j1", ENDLESS)
        await socket.until(lambda: len(socket.got("job_accept")) == 2 and socket.got("job_reject"))
    (rejected,) = socket.got("job_reject")
    assert (rejected["job_id"], rejected["reason"]) == ("j2", "the robot has no free slot")
    assert server.ends_of("j1") == ["release"]


async def test_the_next_job_may_come_before_the_robot_hears_that_the_last_one_is_stored(
    server: Orchestrator, socket: SocketSide, robots: Robots
) -> None:
    async with robots(connection="socket"):
        await socket.until(lambda: socket.registered)
        await socket.assign("j1", chain(node("DelayNode", seconds=0.3)))
        await server.until(lambda: server.told("progress"))
        await socket.assign("j2", QUICK, token="t2", **PRICE)
        await server.until(lambda: server.ends_of("j2"))
    assert (server.ends_of("j1"), socket.got("job_reject")) == (["complete"], [])


async def test_a_job_begins_when_its_acceptance_is_confirmed(
    server: Orchestrator, socket: SocketSide, robots: Robots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_feed, "SLOT_SECONDS", 0.05)
    socket.confirms = False
    async with robots(connection="socket", max_concurrent_jobs=2):
        await socket.until(lambda: socket.registered)
        await socket.assign("j1", QUICK, **PRICE)
        await socket.assign("j2", QUICK, token="t2", **PRICE)
        await socket.assign("j3", QUICK, token="t3", **PRICE)
        await socket.until(lambda: socket.got("job_reject"))
        await socket.send("job_cancel", job_id="j1", reason="too late")
        await socket.send("job_ack", report="job_accept", job_id="j1", outcome="running")
        await socket.send("job_ack", report="job_accept", job_id="j2", outcome="running")
        await server.until(lambda: server.ends_of("j2"))
    assert server.ends_of("j1") == []


async def test_a_server_that_confirms_nothing_has_its_jobs_begun_after_a_while(
    server: Orchestrator, socket: SocketSide, robots: Robots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_feed, "CONFIRM_SECONDS", 0.05)
    socket.confirms = False
    async with robots(connection="socket"):
        await socket.until(lambda: socket.registered)
        await socket.assign("j1", QUICK, **PRICE)
        await server.until(lambda: server.ends_of("j1"))
    # At once: the lease that the server gave may be any.
    assert server.told("extend-lease") == [("j1", {"extension_seconds": 30, "lease_token": "t1"})]


async def test_an_acceptance_that_was_one_message_too_many_is_repeated(
    server: Orchestrator, socket: SocketSide, robots: Robots
) -> None:
    socket.confirms = False
    async with robots(connection="socket"):
        await socket.until(lambda: socket.registered)
        await socket.assign("j1", QUICK, **PRICE)
        await socket.until(lambda: socket.got("job_accept"))
        socket.confirms = True
        refused = {"code": "RATE_LIMITED", "report": "job_accept", "job_id": "j1", "retry_after_seconds": 0.01}
        await socket.send("error", **refused, message="Too many messages; this one was not processed.")
        await server.until(lambda: server.ends_of("j1"))
    assert len(socket.got("job_accept")) == 2


async def test_cancellations_commands_and_pings_arrive(
    server: Orchestrator, socket: SocketSide, robots: Robots
) -> None:
    async with robots(connection="socket", max_concurrent_jobs=2) as robot:
        await socket.until(lambda: socket.registered)
        await socket.send("ping")
        await socket.until(lambda: socket.got("pong"))
        await socket.assign("j1", ENDLESS)
        await server.until(lambda: server.told("progress"))
        await socket.send("job_cancel", job_id="j1", reason="cancelled")
        await socket.send("heartbeat_ack", commands=["pause"])
        await socket.assign("j2", QUICK, token="t2", **PRICE)
        await socket.until(lambda: socket.got("job_reject"))
        await socket.send("heartbeat_ack", commands=["resume"])
        await socket.assign("j3", chain(node("DelayNode", seconds=0.2)), token="t3")
        await socket.until(lambda: len(socket.got("job_accept")) == 2)
        await socket.send("heartbeat_ack", commands=["drain"])
        await robot.running
    assert server.ends_of("j1") == []
    assert server.ends_of("j3") == ["complete"]


async def test_a_lost_connection_neither_loses_nor_repeats_a_job(
    server: Orchestrator, socket: SocketSide, robots: Robots
) -> None:
    async with robots(connection="socket", max_concurrent_jobs=3):
        await socket.until(lambda: socket.registered)
        await socket.assign("j1", chain(node("DelayNode", seconds=0.5)))
        await server.until(lambda: server.told("progress"))
        socket.confirms = False
        await socket.assign("j2", QUICK, token="t2", **PRICE)
        await socket.assign("j3", QUICK, token="t3", **PRICE)
        await socket.until(lambda: len(socket.got("job_accept")) == 3)
        socket.active = [{"job_id": "j1", "lease_token": "t1"}, {"job_id": "j2", "lease_token": "t2"}]
        await socket.close(1012)
        await socket.until(lambda: socket.registered == 2)
        await socket.assign("j1", ENDLESS)
        await server.until(lambda: server.ends_of("j1") and server.ends_of("j2"))
        assert server.ends_of("j3") == []
    assert server.ends_of("j1") == ["complete"]
    assert server.ends_of("j2") == ["complete"]


@pytest.mark.parametrize("code", [1012, 1013, 1011, 4008])
async def test_a_server_that_restarts_is_connected_to_again(socket: SocketSide, robots: Robots, code: int) -> None:
    socket.close_with = code
    async with robots(connection="socket"):
        await socket.until(lambda: len(socket.got("register")) > 3)
        socket.close_with = None
        await socket.until(lambda: socket.got("heartbeat"))


async def test_a_robot_whose_place_was_taken_stops_and_says_so(
    server: Orchestrator, socket: SocketSide, robots: Robots
) -> None:
    async def replaced() -> None:
        async with robots(connection="auto") as robot:
            await socket.until(lambda: socket.registered)
            await socket.assign("j1", ENDLESS)
            await server.until(lambda: server.told("progress"))
            await socket.close(4009)
            await robot.running

    with pytest.raises(Replaced, match="another connection has taken the place of robot robot-1"):
        await replaced()
    assert server.ends_of("j1") == ["release"]


async def test_a_key_that_is_refused_on_the_socket_ends_the_robot(socket: SocketSide, robots: Robots) -> None:
    socket.close_with = 4001
    with pytest.raises(AccessRefused, match="4001"):
        async with robots(connection="auto") as robot:
            await robot.running


@pytest.mark.parametrize("status", [404, 403, 503])
async def test_without_a_socket_jobs_are_asked_for(server: Orchestrator, robots: Robots, status: int) -> None:
    server.start()
    server.socket.refuse_with = status
    server.submit("j1", QUICK, variables={"price": 1})
    async with robots(connection="auto"):
        await server.until(lambda: server.ends_of("j1"))
    assert server.ends_of("j1") == ["complete"]


async def test_a_robot_goes_over_to_the_socket_when_there_is_one(
    server: Orchestrator, robots: Robots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "POLLING_SECONDS", 0.05)
    server.start()
    async with robots(connection="auto", wait_seconds=0):
        await server.until(lambda: server.told("claim"))
        server.socket.refuse_with = None
        await server.socket.until(lambda: server.socket.got("heartbeat"))
        await server.socket.assign("j1", QUICK, **PRICE)
        await server.until(lambda: server.ends_of("j1"))


async def test_a_large_workflow_passes(server: Orchestrator, socket: SocketSide, robots: Robots) -> None:
    large: dict[str, Any] = {**chain(node("DelayNode", seconds=0)), "notes": "x" * 20_000_000}
    async with robots(connection="socket"):
        await socket.until(lambda: socket.registered)
        await socket.assign("j1", large, workflow_data=large)
        async with asyncio.timeout(30):
            await server.until(lambda: server.ends_of("j1"))
    assert server.ends_of("j1") == ["complete"]


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/api/v1/ws/robot/r%2F1"),
        ("https://casare.example/team/api/v1/", "wss://casare.example/team/api/v1/ws/robot/r%2F1"),
    ],
)
def test_the_socket_is_beside_the_api(base: str, url: str) -> None:
    assert socket_url(base, "r/1") == url
