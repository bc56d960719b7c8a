"""Figures from events, figures rebuilt from jobs, and figures counted by hand are the same."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics.adapters.fact_store import JOB_FACT_INDEXES, JOB_FACTS, MongoFacts
from services.metrics.adapters.finished_jobs import MongoFinishedJobs
from services.metrics.adapters.rollup_store import ROLLUP_INDEXES, ROLLUPS, MongoRollups
from services.metrics.domain.analytics import Analytics, analytics_of, days_until
from services.metrics.domain.facts import fact_of, fact_of_job
from services.metrics.domain.figures import sum_of
from services.metrics.domain.rollup_keys import DAY_MS, day_of, tenant_day_key
from services.metrics.use_cases.rebuild_rollups import RebuildRollups, Retained
from services.metrics.use_cases.record_job_fact import RecordJobFact
from services.metrics.use_cases.roll_up_facts import RollUpFacts
from shared.jobs import JOB_INDEXES, JOBS, Job, JobStatus
from shared.jobs.job import to_document
from shared.jobs.self_healing import healing_of
from shared.kernel.ids import new_id
from shared.storage import Collection, Document, Store, connect
from tests.component.metrics.histories import NOON_MS, TENANTS, Ended, histories
from tests.component.metrics.replicas import no_progress
from tests.component.metrics.running_metrics import doubled_and_shuffled
from tests.support.clock import ManualClock

RETAINED = Retained(facts_ms=30 * DAY_MS, rollups_ms=31 * DAY_MS)
N_DAYS = 3
_examples = count()


@given(histories())
def test_a_job_and_its_event_tell_the_same(history: list[Ended]) -> None:
    for ended in history:
        assert ended.job.finished_ms is not None
        assert fact_of_job(ended.job, ended.job.finished_ms) == fact_of(ended.event)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    history=histories(),
    n_told=st.integers(0, 25),
    damage=st.sampled_from(["none", "rollups lost", "rollups wrong", "rollups and facts lost"]),
    seed=st.integers(),
)
async def test_rebuilding_gives_what_events_gave_and_what_counting_by_hand_gives(
    history: list[Ended], n_told: int, damage: str, seed: int, store_url: str, database_name: str
) -> None:
    async with connect(store_url, f"{database_name[:50]}_{next(_examples)}") as store:
        await store_jobs(store, history)
        await tell(store, history[:n_told], seed)
        await tell(store, history, seed)
        from_events = await rollups_in(store)
        await check_by_hand(store, history)
        await do_damage(store, damage, random.Random(seed))
        await rebuild(store)
        assert await rollups_in(store) == from_events
        await tell(store, history, seed + 1)
        assert await rollups_in(store) == from_events
        await store.client.drop_database(store.database.name)


async def store_jobs(store: Store, history: Sequence[Ended]) -> None:
    await store.ensure_indexes(JOBS, JOB_INDEXES)
    await store.ensure_indexes(JOB_FACTS, JOB_FACT_INDEXES)
    await store.ensure_indexes(ROLLUPS, ROLLUP_INDEXES)
    if history:
        await store.collection(JOBS).insert_many([to_document(ended.job) for ended in history])


async def tell(store: Store, history: Sequence[Ended], seed: int) -> None:
    """Every event comes twice, in any order, and is rolled up."""
    record = RecordJobFact(MongoFacts(store), ManualClock(), RETAINED.facts_ms)
    for event in doubled_and_shuffled([ended.event for ended in history], seed):
        await record(event)
    await RollUpFacts(MongoFacts(store), MongoRollups(store), ManualClock(), new_id)()


async def rebuild(store: Store) -> None:
    parts = (MongoFinishedJobs(store), MongoFacts(store), MongoRollups(store), ManualClock(), new_id)
    assert await RebuildRollups(*parts, RETAINED)(no_progress)
    await RollUpFacts(MongoFacts(store), MongoRollups(store), ManualClock(), new_id)()


async def rollups_in(store: Store) -> dict[str, Document]:
    """All figures of all rollups that count any job."""
    found = await Collection(store, ROLLUPS).find({})
    kept = ("version", "write_id", "applied")
    figures = {one["_id"]: {name: value for name, value in one.items() if name not in kept} for one in found}
    return {name: one for name, one in figures.items() if sum(one[status] for status in STATUSES)}


STATUSES = ("completed", "failed", "cancelled", "timeout")


async def do_damage(store: Store, damage: str, chance: random.Random) -> None:
    rollups = Collection(store, ROLLUPS)
    if "lost" in damage:
        await rollups.delete({})
    if "facts" in damage:
        await Collection(store, JOB_FACTS).delete({})
    if damage == "rollups wrong":
        # Too low: the total is never lowered, since a counter that falls means a restart to Prometheus.
        wrong = {"completed": 0, "duration_ms_sum": chance.randint(-9, 0), "errors_json": '{"x":1}'}
        await store.collection(ROLLUPS).update_many({}, {"$set": wrong, "$inc": {"version": 1}})
        ghost = msgspec.structs.replace(
            (await MongoRollups(store).read([key := tenant_day_key("ghost", NOON_MS)]))[key], version=1, failed=7
        )
        assert await MongoRollups(store).save(ghost)


async def check_by_hand(store: Store, history: Sequence[Ended]) -> None:
    first_day = day_of(NOON_MS) - (N_DAYS - 1) * DAY_MS
    jobs_of: defaultdict[str, list[Job]] = defaultdict(list)
    for ended in history:
        if (ended.job.finished_ms or 0) >= first_day:
            jobs_of[ended.job.tenant_id].append(ended.job)
    for tenant_id in TENANTS:
        keys = [tenant_day_key(tenant_id, day_ms) for day_ms in days_until(NOON_MS, N_DAYS)]
        found = analytics_of(sum_of((await MongoRollups(store).read(keys)).values()))
        check_analytics(found, jobs_of[tenant_id])


def check_analytics(found: Analytics, jobs: Sequence[Job]) -> None:
    n_of = Counter(job.status for job in jobs)
    totals = found.totals
    assert [totals.completed, totals.failed, totals.cancelled, totals.timeout] == [n_of[JobStatus(s)] for s in STATUSES]
    timed = [job for job in jobs if job.status is not JobStatus.CANCELLED]
    rate = 100 * n_of[JobStatus.COMPLETED] / len(timed) if timed else 0
    assert (found.success_rate, found.failure_rate) == pytest.approx((rate, (100 - rate) if timed else 0), abs=0.051)
    durations = sorted(job.duration_ms or 0 for job in timed)
    for percent, percentile in ((50, found.duration_p50_ms), (90, found.duration_p90_ms), (99, found.duration_p99_ms)):
        exact = durations[math.ceil(percent * len(durations) / 100) - 1] if durations else 0
        assert percentile == pytest.approx(exact, rel=0.02)
    healing = [healing_of(job, job.result_json) for job in jobs]
    attempts = sum(one.attempts for one in healing)
    successes = sum(one.successes for one in healing)
    assert found.self_healing_success_rate == pytest.approx(100 * successes / attempts if attempts else 0, abs=0.051)
    check_errors_and_workflows(found, timed)


def check_errors_and_workflows(found: Analytics, timed: Sequence[Job]) -> None:
    errors = Counter(
        "TIMEOUT" if job.status is JobStatus.TIMEOUT else (job.error_type or "UNKNOWN")[:64]
        for job in timed
        if job.status is not JobStatus.COMPLETED
    )
    assert found.error_distribution == errors
    times: defaultdict[str, list[int]] = defaultdict(list)
    for job in timed:
        times[job.workflow_id].append(job.duration_ms or 0)
    averages: dict[str, Any] = {workflow_id: sum(times[workflow_id]) / len(times[workflow_id]) for workflow_id in times}
    slowest = sorted(averages, key=lambda workflow_id: (-averages[workflow_id], workflow_id))[:10]
    assert [slow.workflow_id for slow in found.slowest_workflows] == slowest
    assert [slow.time.average_ms for slow in found.slowest_workflows] == [round(averages[one]) for one in slowest]
