"""Opposed requests at the same moment: one wins, and both callers are told the truth (faults 13, 36)."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from shared.jobs import JobStatus
from tests.component.dispatcher.job_steps import held
from tests.support.dispatcher import Caller, Dispatcher, running_dispatcher
from tests.support.eventually import eventually

PAIRS = 30


@pytest.fixture
async def dispatchers(store_url: str, database_name: str) -> AsyncIterator[tuple[Dispatcher, Dispatcher]]:
    """Two replicas on one store."""
    async with (
        running_dispatcher(store_url, database_name) as one,
        running_dispatcher(store_url, database_name) as two,
    ):
        yield one, two


async def test_cancel_against_complete(dispatchers: tuple[Dispatcher, Dispatcher]) -> None:
    one, two = dispatchers
    robot, user = await one.registered(), two.user()
    ids = [(await held(one, robot))["job_id"] for _ in range(PAIRS)]

    async def race(number: int, job_id: str) -> None:
        calls = [robot.post(f"/jobs/{job_id}/complete", {}), user.post(f"/jobs/{job_id}/cancel")]
        answers = await asyncio.gather(*(calls if number % 2 else reversed(calls)))
        complete, cancel = answers if number % 2 else reversed(answers)
        said = cancel.json()
        if (await one.job(job_id)).status is JobStatus.COMPLETED:
            assert (complete.status_code, said["cancelled"], said["previous_status"]) == (200, False, "completed")
        else:
            assert (await one.job(job_id)).status is JobStatus.CANCELLED
            assert (complete.status_code, said["cancelled"], said["previous_status"]) == (409, True, "claimed")

    await asyncio.gather(*(race(number, job_id) for number, job_id in enumerate(ids)))
    await eventually(lambda: _holds_nothing(one, "r1"))


async def _holds_nothing(dispatcher: Dispatcher, robot_id: str) -> bool:
    robot = (await dispatcher.user().get(f"/robots/{robot_id}")).json()
    return (robot["current_job_ids"], robot["status"]) == ([], "idle")


async def test_cancel_against_claim(dispatchers: tuple[Dispatcher, Dispatcher]) -> None:
    one, two = dispatchers
    robot, user = await one.registered(), two.user()
    ids = [(await one.submit()).job_id for _ in range(PAIRS)]
    given: set[str] = set()

    async def claim_all() -> None:
        while (answer := (await robot.post("/jobs/claim", {"limit": 3})).json()) is not None:
            given.update(job["job_id"] for job in answer["jobs"])

    async def cancel(job_id: str) -> dict[str, Any]:
        said: dict[str, Any] = (await user.post(f"/jobs/{job_id}/cancel")).json()
        return said

    *_, said = await asyncio.gather(claim_all(), claim_all(), asyncio.gather(*map(cancel, ids)))
    assert all(answer["cancelled"] for answer in said)
    assert {answer["job_id"] for answer in said if answer["previous_status"] == "claimed"} == given
    for job_id in given:
        assert (await robot.post(f"/jobs/{job_id}/complete", {})).status_code == 409
    assert {(await one.job(job_id)).status for job_id in ids} == {JobStatus.CANCELLED}
    await eventually(lambda: _holds_nothing(one, "r1"))


async def test_retry_against_cancel(dispatchers: tuple[Dispatcher, Dispatcher]) -> None:
    """A retry that comes first is refused, as the job has not ended; one that comes second makes one job."""
    one, two = dispatchers
    ids = [(await one.submit()).job_id for _ in range(PAIRS)]

    async def race(job_id: str) -> httpx.Response:
        retry, cancel = await asyncio.gather(
            one.user().post(f"/jobs/{job_id}/retry"), two.user().post(f"/jobs/{job_id}/cancel")
        )
        assert cancel.json()["cancelled"] is True
        return retry

    retries = await asyncio.gather(*map(race, ids))
    codes = Counter(retry.status_code for retry in retries)
    assert set(codes) <= {200, 400}
    assert await one.runtime.store.count("jobs", {"retry_of": {"$in": ids}}) == codes[200]
    assert {(await one.job(job_id)).status for job_id in ids} == {JobStatus.CANCELLED}


async def test_eight_robots_with_two_slots_share_300_jobs_of_two_dispatchers(
    dispatchers: tuple[Dispatcher, Dispatcher],
) -> None:
    """Each robot claims on both replicas at once and asks for more than it may hold."""
    names = [f"r{number}" for number in range(8)]
    for name in names:
        await dispatchers[0].registered(name, max_concurrent_jobs=2)
    jobs = await asyncio.gather(*(dispatchers[number % 2].submit() for number in range(300)))
    owners: Counter[str] = Counter()
    holding: defaultdict[str, set[str]] = defaultdict(set)

    async def work(caller: Caller, name: str) -> None:
        while sum(owners.values()) < len(jobs):
            answer = (await caller.post("/jobs/claim", {"limit": 3, "wait_seconds": 1})).json()
            for job in answer["jobs"] if answer else ():
                owners[job["job_id"]] += 1
                holding[name].add(job["job_id"])
            assert len(holding[name]) <= 2
            for job_id in sorted(holding[name]):
                holding[name].discard(job_id)
                assert (await caller.post(f"/jobs/{job_id}/complete", {})).status_code == 200

    await asyncio.gather(*(work(dispatcher.robot(name), name) for dispatcher in dispatchers for name in names))
    assert owners == Counter({job.job_id: 1 for job in jobs})
    await asyncio.gather(*(eventually(partial(_holds_nothing, dispatchers[0], name)) for name in names))
