"""What a robot remembers of its jobs, and what becomes of those an earlier process left."""

import asyncio
import contextlib
import stat
from pathlib import Path

import pytest

from robot.journal import Journal, JournalUnusable
from robot.protocol import ClaimedJob
from tests.unit.robot.orchestrator import CUT, Orchestrator
from tests.unit.robot.robots import ENDLESS, QUICK, Robots

JOB = ClaimedJob("job/1", "{}", attempt=2, lease_token="token-1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the robots of these tests keep their journal."""
    return tmp_path / ".casare-robot" / "robot-1"


def opened(folder: Path) -> Journal:
    journal = Journal(folder)
    journal.open()
    return journal


def kept_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def modes_in(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_a_journal_is_read_by_the_next_process(folder: Path) -> None:
    journal = opened(folder)
    assert journal.is_new
    await journal.claimed(JOB)
    journal.close()

    journal = opened(folder)
    assert not journal.is_new
    (held,) = journal.held()
    assert (held.job_id, held.attempt, held.lease_token, held.started) == ("job/1", 2, "token-1", False)
    await journal.started(JOB)
    journal.running_node(JOB, "a longer name")
    journal.running_node(JOB, "n7")
    journal.close()

    journal = opened(folder)
    (held,) = journal.held()
    assert (held.started, held.node_id) == (True, "n7")
    assert modes_in(folder) == {0o600}
    await journal.forget("job/1")
    journal.close()
    assert kept_in(folder) == ["lock"]


async def test_two_processes_of_one_robot_do_not_share_a_journal(folder: Path) -> None:
    journal = opened(folder)
    with pytest.raises(JournalUnusable, match="another process runs this robot"):
        Journal(folder).open()
    journal.close()
    opened(folder).close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnusable, match="CASARE_ROBOT_STATE_DIR"):
        Journal(tmp_path / "file" / "robot").open()


def test_an_entry_that_cannot_be_read_is_put_aside(folder: Path) -> None:
    opened(folder).close()
    (folder / "job-x.json").write_text("{")
    journal = opened(folder)
    assert journal.held() == []
    assert (folder / "job-x.unreadable").exists()
    journal.close()


async def _left(folder: Path, *, started: bool, node_id: str | None = None) -> None:
    journal = opened(folder)
    await journal.claimed(JOB)
    if started:
        await journal.started(JOB)
    if node_id is not None:
        journal.running_node(JOB, node_id)
    journal.close()


async def test_a_job_that_had_not_begun_is_released_before_work_is_taken(
    server: Orchestrator, robots: Robots, folder: Path
) -> None:
    await _left(folder, started=False)
    server.start()
    server.faults["release"] = [503, CUT]
    async with robots(wait_seconds=0):
        await server.until(lambda: server.told("claim"))
    verbs = [verb for verb, _, _ in server.calls if verb != "heartbeat"]
    assert verbs == ["register", "release", "release", "release", "claim"]
    assert server.told("release")[-1][1] == {"lease_token": "token-1"}
    assert kept_in(folder) == ["lock"]


async def test_a_job_that_had_begun_is_failed_naming_the_node(
    server: Orchestrator, robots: Robots, folder: Path
) -> None:
    await _left(folder, started=True, node_id="pay")
    server.start()
    async with robots(wait_seconds=0):
        await server.until(lambda: server.told("claim"))
    ((_, body),) = server.told("fail")
    assert (body["error_type"], body["retryable"], body["node_id"]) == ("ROBOT_RESTARTED", True, "pay")
    assert "'pay' was running" in body["error_message"]
    assert body["lease_token"] == "token-1"


async def test_a_result_that_was_not_acknowledged_is_delivered_again(
    server: Orchestrator, robots: Robots, folder: Path
) -> None:
    server.start()
    server.submit("j1", QUICK, variables={"price": "19.90"})
    server.faults["complete"] = [503] * 1000
    with contextlib.suppress(asyncio.CancelledError):
        async with robots() as robot:
            await server.until(lambda: server.told("complete"))
            robot.running.cancel()
    server.faults.clear()
    server.calls.clear()
    async with robots(wait_seconds=0):
        await server.until(lambda: server.told("claim"))
    ((_, body),) = server.told("complete")
    assert body["result"]["outputs"] == {"total": "20.00"}
    assert body["lease_token"] == "token-j1"


@pytest.mark.parametrize("status", [409, 404, 400])
async def test_a_job_that_is_no_longer_the_robots_is_forgotten(
    server: Orchestrator, robots: Robots, folder: Path, status: int
) -> None:
    await _left(folder, started=True)
    server.start()
    server.faults["fail"] = [status]
    async with robots(wait_seconds=0):
        await server.until(lambda: server.told("claim"))
    assert len(server.told("fail")) == 1
    assert kept_in(folder) == ["lock"]


async def test_a_job_only_the_server_knows_was_never_begun_by_a_robot_with_a_journal(
    server: Orchestrator, robots: Robots, folder: Path
) -> None:
    opened(folder).close()
    server.start()
    server.held = ["j9"]
    async with robots(wait_seconds=0):
        await server.until(lambda: server.told("claim"))
    assert server.ends_of("j9") == ["release"]


async def test_without_its_journal_a_robot_does_not_let_a_job_run_again_silently(
    server: Orchestrator, robots: Robots
) -> None:
    server.start()
    server.held = ["j9"]
    async with robots(wait_seconds=0):
        await server.until(lambda: server.told("claim"))
    assert server.ends_of("j9") == ["fail"]
    assert "without its journal" in server.told("fail")[0][1]["error_message"]


async def test_a_job_whose_claim_was_never_answered_is_given_back(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", ENDLESS)
    async with robots(max_concurrent_jobs=2, wait_seconds=0):
        await server.until(lambda: server.told("progress"))
        server.held = ["j1", "lost"]
        server.faults["claim"] = [CUT]
        await server.until(lambda: server.ends_of("lost"))
    assert server.ends_of("lost")[0] == "release"
    assert server.ends_of("j1") == ["release"]


async def test_the_same_attempt_is_never_run_twice(server: Orchestrator, robots: Robots) -> None:
    server.start()
    server.submit("j1", ENDLESS)
    server.submit("j1", ENDLESS)
    server.submit("j2", QUICK, variables={"price": 1})
    async with robots(max_concurrent_jobs=3):
        await server.until(lambda: server.ends_of("j2"))
        assert server.ends_of("j1") == []
    assert server.ends_of("j1") == ["release"]
