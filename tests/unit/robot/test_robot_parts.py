"""The small parts of a robot: waits, leases, readings of the machine."""

import asyncio
import random
from pathlib import Path

import pytest

from robot.backoff import Backoff
from robot.cancellation import StopReason
from robot.client import OrchestratorClient
from robot.lease import LeaseKeeper
from robot.machine import Machine
from robot.protocol import ClaimedJob, report_fields
from tests.unit.robot.orchestrator import KEY, Orchestrator


def _backoff() -> Backoff:
    return Backoff(first_seconds=1, cap_seconds=8, rng=random.Random(7))


def test_waits_double_up_to_the_cap_and_start_again() -> None:
    backoff = _backoff()
    waits = [backoff.next_seconds() for _ in range(6)]
    for wait, whole in zip(waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert whole / 2 <= wait <= whole
    backoff.reset()
    assert backoff.next_seconds() <= 1


def test_a_wait_is_never_shorter_than_the_server_asks() -> None:
    assert 30 <= _backoff().next_seconds(retry_after=30) <= 30.5


def test_a_job_of_an_old_server_needs_no_token() -> None:
    job = ClaimedJob.parse({"job_id": "j", "workflow_json": "{}", "variables": None})
    assert job == ClaimedJob("j", "{}")
    assert job is not None
    assert job.guard() == {}
    assert ClaimedJob.parse({"job_id": 7}) is None
    assert ClaimedJob.parse(None) is None


def test_reports_hold_only_what_servers_take() -> None:
    fields = report_fields({"error_message": "a\x00b\ud800\n" + "x" * 9_000, "node_id": "n" * 300, "error_type": None})
    assert fields["error_message"].startswith("a�b�\nx")
    assert {name: len(value) for name, value in fields.items()} == {"error_message": 5_000, "node_id": 255}


@pytest.mark.parametrize(
    ("faults", "seconds_since_claim"),
    [([], 40), ([503, "cut", 409], 0), ([400], 0)],
    ids=["silence", "refused", "rejected"],
)
async def test_work_stops_when_the_lease_is_over(
    server: Orchestrator, faults: list[int | str], seconds_since_claim: float
) -> None:
    server.start()
    now = [0.0]
    stopped: list[StopReason] = []
    server.faults["extend-lease"] = faults
    client = OrchestratorClient(base_url=server.url, api_key=KEY)
    keeper = LeaseKeeper(
        ClaimedJob("j", "{}"),
        client,
        stop=stopped.append,
        visibility_timeout_seconds=30,
        interval_seconds=0,
        backoff=Backoff(first_seconds=0.001, cap_seconds=0.001, rng=random.Random(7)),
        monotonic=lambda: now[0],
    )
    now[0] = seconds_since_claim
    async with asyncio.timeout(5):
        await keeper.run()
    await client.close()
    assert stopped == [StopReason.LEASE_LOST]


def test_the_machine_is_read_from_proc(tmp_path: Path) -> None:
    stat, meminfo = tmp_path / "stat", tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 2048 kB\nMemFree: 1 kB\nMemAvailable: 1024 kB\n")
    stat.write_text("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1\n")
    machine = Machine(tmp_path, proc=tmp_path)
    first = machine.reading()
    assert first["memory_mb"] == 1.0
    assert first["disk_free_gb"] > 0
    assert "cpu_percent" not in first
    stat.write_text("cpu  125 0 100 750 125 0 0 0 0 0\ncpu0 1\n")
    assert machine.reading()["cpu_percent"] == 25.0


def test_a_machine_that_tells_little_still_gives_a_reading(tmp_path: Path) -> None:
    assert machine_keys(Machine(tmp_path, proc=tmp_path / "missing")) >= {"disk_free_gb"}
    assert Machine(tmp_path / "gone", proc=tmp_path / "missing").reading().keys() <= {"cpu_percent"}


def machine_keys(machine: Machine) -> set[str]:
    return set(machine.reading())
