"""500 robots on one dispatcher, to which everything happens: each job is finished once, and nothing is left over."""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from shared.jobs import JOBS
from shared.jobs.fleet import ROBOTS
from shared.storage import Document
from tests.support.children import Children
from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.eventually import eventually
from tests.support.robot_socket import serving_dispatcher

N_ROBOTS: Final = 500
SECONDS: Final = float(os.environ.get("CASARE_TEST_STORM_SECONDS", "60"))
SEED: Final = int(os.environ.get("CASARE_TEST_STORM_SEED", "1"))
PACE: Final[dict[str, Any]] = {
    "lease_check_seconds": 1,
    "refill_seconds": 2,
    "offline_check_seconds": 5,
    "slot_check_seconds": 10,
}
"""The product's own, but that lost slots are looked for more often."""
MOST_PENDING: Final = 100
P_CANCEL: Final = 0.1
GROWTH_BYTES: Final = 30_000_000
"""What the process may grow once all robots are connected: fragments and caches, far less than a leak would."""
ROOT: Final = Path(__file__).parents[3]


@pytest.mark.timeout(400)
async def test_a_storm_of_drops_duplicates_and_cancels_finishes_every_job_once(
    store_url: str, database_name: str, children: Children, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    async with (
        running_dispatcher(store_url, database_name, **PACE) as dispatcher,
        serving_dispatcher(dispatcher) as server,
    ):
        url = f"{server.url.replace('http', 'ws', 1)}/api/v1"
        command = [sys.executable, "-m", "tests.support.robot_storm", url, str(N_ROBOTS), str(SEED), str(tmp_path)]
        children.start(command, name="robots", cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        await eventually((tmp_path / "connected").exists, timeout_seconds=90)

        jobs: list[str] = []
        memory: list[int] = []
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            await _trouble(dispatcher, jobs, chance)
            memory.append(_resident_bytes())
            dispatcher.events.clear()
        await eventually(lambda: _all_finished(dispatcher), timeout_seconds=120)
        (tmp_path / "stop").touch()
        await eventually((tmp_path / "record.json").exists, timeout_seconds=60)
        await eventually(lambda: _no_slots(dispatcher), timeout_seconds=30)

        record = json.loads((tmp_path / "record.json").read_text())
        finished = Counter(job_id for robot in record.values() for job_id in robot["completed"])
        stored = await _by_status(dispatcher)
        codes = Counter(code for robot in record.values() for code in robot["codes"])
        shown = {status: len(ids) for status, ids in stored.items()}
        print(shown, dict(codes), f"{memory[0]} → {memory[-1]} bytes")  # noqa: T201 - the run's figures
        assert set(stored) <= {"completed", "cancelled"}
        assert sum(map(len, stored.values())) == len(jobs)
        assert set(finished) == stored["completed"]
        assert set(finished.values()) == {1}
        assert memory[-1] - memory[len(memory) // 3] < GROWTH_BYTES


async def _trouble(dispatcher: Dispatcher, jobs: list[str], chance: random.Random) -> None:
    """New jobs while few wait, and some cancelled in whatever state they are."""
    if await _n_waiting(dispatcher) < MOST_PENDING:
        jobs += [job.job_id for job in await dispatcher.submit_many(50)]
    victims = chance.sample(jobs[-200:], k=int(50 * P_CANCEL))
    await asyncio.gather(*(dispatcher.user().post(f"/jobs/{job_id}/cancel") for job_id in victims))


async def _n_waiting(dispatcher: Dispatcher) -> float:
    """As the dispatcher tells it, which costs less than counting them in the store."""
    metrics = (await dispatcher.http.get("/metrics")).text
    return next(float(line.split()[1]) for line in metrics.splitlines() if line.startswith("casare_candidates "))


async def _all_finished(dispatcher: Dispatcher) -> bool:
    return await dispatcher.runtime.store.count(JOBS, {"finished_ms": None}) == 0


async def _no_slots(dispatcher: Dispatcher) -> bool:
    return await dispatcher.runtime.store.count(ROBOTS, {"n_active": {"$gt": 0}}) == 0


async def _by_status(dispatcher: Dispatcher) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    documents: list[Document] = await dispatcher.runtime.store.collection(JOBS).find({}, {"status": 1}).to_list()
    for document in documents:
        found.setdefault(document["status"], set()).add(document["_id"])
    return found


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
