"""Why robots' sockets at the gateway end, as robots are told: each after the handshake, by a frame and a code."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.support.eventually import eventually
from tests.support.gateway_sockets import Place, SocketOffice, at_gateway
from tests.support.robot_socket import RobotSocket
from tests.support.system import System

pytestmark = pytest.mark.timeout(60)

AUTH_FAILED: Final = ("AUTH_FAILED", 4001)
NOT_FOR_THIS: Final = ("AUTH_FAILED", 4003)
PLACES: Final[tuple[Place, ...]] = ("query", "x-api-key", "authorization")
LIFE_SECONDS: Final = 1.5
MEGABYTE: Final = 1_000_000
FAR_TOO_MUCH: Final = 3 * MEGABYTE
"""The server gives up on it before the gateway sees it."""


@pytest.fixture
async def office(system: System) -> SocketOffice:
    return await SocketOffice.of(system)


async def ending(robot: RobotSocket) -> tuple[str, int]:
    """The code of the last frame, which says why, and that of the end."""
    code = await robot.close_code()
    assert robot.seen[-1]["type"] == "error"
    assert robot.seen[-1]["message"]
    return robot.seen[-1]["code"], code


async def refusal(system: System, robot_id: str, credential: str, place: Place = "query") -> tuple[str, int]:
    """How a socket ends that should not have been opened."""
    async with at_gateway(system, robot_id, credential, place=place) as robot:
        return await ending(robot)


@pytest.mark.parametrize("place", PLACES)
async def test_neither_another_robot_nor_a_person_speaks_for_a_robot(office: SocketOffice, place: Place) -> None:
    robot_id, key = await office.key("own")
    other_id, _ = await office.key("other")
    assert await refusal(office.system, other_id, key, place) == NOT_FOR_THIS
    if place != "x-api-key":
        assert await refusal(office.system, robot_id, office.system.access_token, place) == NOT_FOR_THIS
    async with at_gateway(office.system, robot_id, key, place=place) as robot:
        await robot.send("register", robot_id=other_id)
        assert await ending(robot) == NOT_FOR_THIS


async def test_a_key_ends_what_it_opened_when_it_expires_or_is_revoked(office: SocketOffice) -> None:
    admin = office.system.admin
    soon = (datetime.now(UTC) + timedelta(seconds=LIFE_SECONDS)).isoformat()
    brief_id, brief = await office.key("brief", expires_at=soon)
    revoked_id = brief_id.replace("brief", "revoked")
    made = await admin.call("POST", "/robot-api-keys", {"name": revoked_id, "robot_id": revoked_id})
    async with (
        at_gateway(office.system, brief_id, brief) as expiring,
        at_gateway(office.system, revoked_id, made["api_key"]) as revoked,
    ):
        for robot in (expiring, revoked):
            await robot.send("heartbeat")
        await admin.call("POST", f"/robot-api-keys/{made['key']['id']}/revoke")
        assert await ending(expiring) == AUTH_FAILED
        assert await ending(revoked) == AUTH_FAILED
    for place in PLACES:
        assert await refusal(office.system, brief_id, brief, place) == AUTH_FAILED
        assert await refusal(office.system, revoked_id, made["api_key"], place) == AUTH_FAILED


async def test_later_connections_of_a_robot_take_over_whichever_dispatcher_they_reach(office: SocketOffice) -> None:
    robot_id, key = await office.key("twice")
    job_id = await office.submit()
    async with AsyncExitStack() as connections:
        earlier = await connections.enter_async_context(at_gateway(office.system, robot_id, key))
        await office.register(earlier)
        assert (await earlier.accept())["job_id"] == job_id
        for _ in range(3):
            later = await connections.enter_async_context(at_gateway(office.system, robot_id, key))
            registered = await office.register(later)
            assert [held["job_id"] for held in registered["active_jobs"]] == [job_id]
            assert await earlier.close_code() == 4009
            earlier = later
        assert await earlier.nothing_but_answers() == [], "the job must not be pushed again"
        await earlier.send("job_complete", job_id=job_id, result={"by": "the last"})
        await earlier.expect("job_ack", report="job_complete", outcome="completed")
    stored = await office.system.admin.job(job_id)
    assert (stored["status"], stored["attempt"], stored["result"]) == ("completed", 1, {"by": "the last"})


async def test_a_message_over_a_megabyte_ends_the_connection_and_loses_no_job(office: SocketOffice) -> None:
    robot_id, key = await office.key("wordy")
    job_id = await office.submit()
    async with at_gateway(office.system, robot_id, key) as robot:
        await office.register(robot)
        await robot.accept()
        await robot.send("job_complete", job_id=job_id, result={"text": "x" * MEGABYTE})
        assert await ending(robot) == ("INVALID_MESSAGE", 1009)
        assert str(MEGABYTE) in (robot.connection.close_reason or "")
    async with at_gateway(office.system, robot_id, key) as robot:
        await office.register(robot)
        await robot.send("job_complete", job_id=job_id, result={"text": "x" * FAR_TOO_MUCH})
        assert await robot.close_code() == 1009
        assert robot.connection.close_reason
    async with at_gateway(office.system, robot_id, key) as robot:
        assert [held["job_id"] for held in (await office.register(robot))["active_jobs"]] == [job_id]
        await robot.send("job_complete", job_id=job_id, result={"text": "shorter"})
        await robot.expect("job_ack", report="job_complete", outcome="completed")


async def test_a_robot_that_reports_and_hangs_up_has_reported(office: SocketOffice) -> None:
    job_id = await office.submit(max_attempts=1)
    async with office.robot("curt") as robot:
        await robot.expect("job_assign", job_id=job_id)
        about = {"job_id": job_id}
        progress = [("job_progress", {**about, "progress": percent}) for percent in range(10)]
        await robot.say_at_once(
            ("job_accept", about), *progress, ("job_complete", {**about, "result": {"rows": 3}}), hang_up=True
        )

    async def is_completed() -> bool:
        return (await office.stored(job_id)).status == "completed"

    await eventually(is_completed)
    assert (await office.system.admin.job(job_id))["result"] == {"rows": 3}


async def test_too_many_messages_are_refused_by_name_and_can_be_repeated(office: SocketOffice) -> None:
    async with office.robot("hasty") as robot:
        job_id = await office.submit()
        await robot.accept()
        for number in range(350):
            await robot.send("job_progress", job_id=job_id, progress=number % 100)
        await robot.send("job_complete", job_id=job_id, result={})
        refused = await robot.expect("error", report="job_complete", job_id=job_id)
        assert refused["code"] == "RATE_LIMITED"
        assert (await office.stored(job_id)).status == "running"
        assert refused["retry_after_seconds"] >= 1

        async def is_taken() -> bool:
            await robot.send("job_complete", job_id=job_id, result={})
            answer = await robot.receive()
            return bool(answer["type"] == "job_ack")

        await eventually(is_taken)
        assert (await office.stored(job_id)).status == "completed"
