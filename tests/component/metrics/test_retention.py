"""What is old goes, and going loses no count."""

from dataclasses import replace

from services.metrics.adapters.activity_store import ACTIVITY, MongoActivity
from services.metrics.adapters.fact_store import JOB_FACTS, MongoFacts
from services.metrics.adapters.removal import SLICE
from services.metrics.adapters.rollup_store import ROLLUPS, MongoRollups
from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.rollup_keys import DAY_MS
from services.metrics.use_cases.remove_expired import RemoveExpired, Retention
from shared.storage import Collection
from tests.component.metrics.running_metrics import Metrics

KEEP = Retention(activity_ms=30 * DAY_MS, facts_ms=30 * DAY_MS, rollups_ms=120 * DAY_MS)


def remover(metrics: Metrics, retention: Retention = KEEP) -> RemoveExpired:
    store, clock = metrics.runtime.store, metrics.clock
    return RemoveExpired(MongoActivity(store, clock), MongoFacts(store), MongoRollups(store), clock, retention)


async def n_kept(metrics: Metrics) -> dict[str, int]:
    return {name: await Collection(metrics.runtime.store, name).count({}) for name in (ACTIVITY, JOB_FACTS, ROLLUPS)}


async def test_each_kind_is_kept_for_its_own_time(metrics: Metrics) -> None:
    tenants = ("default", "elsewhere", "a|b~c")
    await metrics.publish(*(metrics.job_end(tenant_id=tenant) for tenant in tenants))
    await metrics.roll_up(3)
    all_of_them = {ACTIVITY: 3, JOB_FACTS: 3, ROLLUPS: 7}
    metrics.clock.advance(ms=30 * DAY_MS)
    assert (await remover(metrics)(), await n_kept(metrics)) == (0, all_of_them)
    metrics.clock.advance(ms=1)
    assert (await remover(metrics)(), await n_kept(metrics)) == (6, {ACTIVITY: 0, JOB_FACTS: 0, ROLLUPS: 7})
    metrics.clock.advance(ms=91 * DAY_MS)
    assert (await remover(metrics)(), await n_kept(metrics)) == (6, {ACTIVITY: 0, JOB_FACTS: 0, ROLLUPS: 1})


async def test_an_event_repeated_after_its_fact_is_gone_counts_no_second_time(metrics: Metrics) -> None:
    event = metrics.job_end()
    await metrics.publish(event)
    await metrics.roll_up(1)
    metrics.clock.advance(ms=30 * DAY_MS + 1)
    await remover(metrics)()
    await metrics.publish(event)
    assert (await n_kept(metrics))[JOB_FACTS] == 0


async def test_only_the_old_part_of_a_long_trail_goes(metrics: Metrics) -> None:
    activity, now = MongoActivity(metrics.runtime.store, metrics.clock), metrics.clock.now_ms()
    n_old, ten_days = SLICE + 7, replace(KEEP, activity_ms=10 * DAY_MS)
    for n in range(n_old):
        assert await activity.add(ActivityEntry(f"old-{n}", "default", "x", now - 10 * DAY_MS - 1 - n, "{}"))
    for n in range(5):
        assert await activity.add(ActivityEntry(f"new-{n}", "default", "x", now - n, "{}"))
    assert await remover(metrics, ten_days)() == n_old
    assert (await metrics.read("/activity"))["total"] == 5


async def test_facts_that_wait_to_be_rolled_up_are_never_removed(metrics: Metrics) -> None:
    facts = MongoFacts(metrics.runtime.store)
    assert await facts.remove_rolled_before(metrics.clock.now_ms()) == 0
    await metrics.publish(metrics.job_end())
    await metrics.roll_up(1)
    assert await facts.pending(10) == []
    assert await facts.remove_rolled_before(metrics.clock.now_ms()) == 0
    assert await facts.remove_rolled_before(metrics.clock.now_ms() + 1) == 1
