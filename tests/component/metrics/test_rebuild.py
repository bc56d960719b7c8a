"""POST and GET /metrics/rebuild."""

from typing import Any

import pytest

from services.metrics.adapters.rebuild_store import REBUILDS
from services.metrics.adapters.rollup_store import ROLLUPS
from services.metrics.domain.rebuild import LEASE_MS, MOST_ATTEMPTS
from shared.events.jobs import JobFailed
from shared.jobs import JobStatus
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.storage import Collection, Document
from shared.web.tokens import HEADER
from tests.component.metrics.running_metrics import ENROLMENT_KEY, FOREIGNER, VIEWER, Metrics, job_of
from tests.support.eventually import eventually

ADMIN = Identity(kind="user", subject="u9", tenant_id="default", roles=(Role.ADMIN,))
DEVELOPER = Identity(kind="user", subject="u8", tenant_id="default", roles=(Role.DEVELOPER,))


async def ask(metrics: Metrics, caller: Identity = ADMIN) -> Document:
    headers = {HEADER: metrics.runtime.tokens.sign(caller)}
    answer = await metrics.http.post("/api/v1/metrics/rebuild", headers=headers)
    assert answer.status_code == 202, answer.text
    body: Document = answer.json()
    return body


async def ended(metrics: Metrics) -> Document:
    async def probe() -> Document | None:
        body: Document = await metrics.read("/rebuild", ADMIN)
        return body if body["status"] != "running" else None

    return await eventually(probe, timeout_seconds=10)


async def leave(metrics: Metrics, **fields: int) -> None:
    """The rebuild as a replica that died would leave it."""
    await metrics.runtime.store.collection(REBUILDS).update_one({}, {"$set": fields, "$inc": {"version": 1}})


async def test_lost_rollups_are_made_again_from_jobs(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    times: dict[str, Any] = {"claimed_ms": now - 5_000, "finished_ms": now, "robot_id": "r-1"}
    await metrics.store_jobs(
        job_of("a", JobStatus.COMPLETED, now - 9_000, **times),
        job_of("b", JobStatus.FAILED, now - 9_000, error_type="SELECTOR", **times),
        job_of("c", JobStatus.RUNNING, now - 9_000, claimed_ms=now, robot_id="r-1"),
    )
    asked = await ask(metrics)
    assert (asked["status"], asked["requested_at"], asked["finished_at"]) == ("running", "2026-01-01T12:00:00Z", None)
    done = await ended(metrics)
    assert done == {
        **asked,
        "status": "done",
        "finished_at": "2026-01-01T12:00:00Z",
        "days_done": done["days_total"],
        "days_total": done["days_total"],
    }
    analytics = await metrics.read("/analytics")
    assert (analytics["completed_jobs"], analytics["failed_jobs"]) == (1, 1)
    assert analytics["error_distribution"] == {"SELECTOR": 1}
    assert (
        'casare_rpa_jobs_total{environment="development",status="failed"} 1.0'
        in (await metrics.get("/prometheus", None)).text
    )


async def test_the_total_does_not_fall_when_its_jobs_are_gone(metrics: Metrics) -> None:
    await metrics.publish(metrics.job_end(), metrics.job_end(JobFailed))
    await metrics.roll_up(2)
    await Collection(metrics.runtime.store, "job_facts").delete({})
    await ask(metrics)
    assert (await ended(metrics))["total_kept"] is True
    (total,) = await Collection(metrics.runtime.store, ROLLUPS).find({"kind": "total"})
    assert (total["completed"], total["failed"]) == (1, 1)
    assert (await metrics.read("/analytics"))["total_jobs"] == 0


async def test_whoever_asks_while_one_runs_gets_that_one(metrics: Metrics) -> None:
    first = await ask(metrics)
    await ended(metrics)
    second = await ask(metrics)
    assert second["rebuild_id"] != first["rebuild_id"]
    await ended(metrics)
    await leave(metrics, attempt=1, busy_until_ms=metrics.clock.now_ms() + LEASE_MS)
    await metrics.runtime.store.collection(REBUILDS).update_one({}, {"$set": {"state": "running"}})
    assert (await ask(metrics))["rebuild_id"] == second["rebuild_id"]


async def test_facts_wait_while_a_replica_rebuilds_and_its_death_holds_up_nothing_for_long(metrics: Metrics) -> None:
    first = await ask(metrics)
    await ended(metrics)
    await leave(metrics, attempt=1, busy_until_ms=metrics.clock.now_ms() + LEASE_MS)
    await metrics.runtime.store.collection(REBUILDS).update_one({}, {"$set": {"state": "running"}})
    await metrics.publish(metrics.job_end())
    assert (await metrics.read("/rebuild", ADMIN))["status"] == "running"
    metrics.clock.advance(ms=LEASE_MS)
    assert (await ended(metrics))["rebuild_id"] == first["rebuild_id"]
    await eventually(lambda: _has_one_job(metrics))


async def _has_one_job(metrics: Metrics) -> bool:
    metrics.clock.advance(seconds=1)
    return bool((await metrics.read("/analytics"))["total_jobs"] == 1)


async def test_a_rebuild_that_never_ends_is_given_up(metrics: Metrics) -> None:
    await ask(metrics)
    await ended(metrics)
    await leave(metrics, attempt=MOST_ATTEMPTS)
    await metrics.runtime.store.collection(REBUILDS).update_one({}, {"$set": {"state": "running"}})
    assert (await ended(metrics))["status"] == "failed"
    await ask(metrics)
    assert (await ended(metrics))["status"] == "done"


async def test_the_activity_tells_who_asked_and_how_it_ended(metrics: Metrics) -> None:
    asked = await ask(metrics)
    await ended(metrics)

    async def told() -> None:
        events = (await metrics.read("/activity"))["events"]
        assert sorted(event["event_type"] for event in events) == ["metrics_rebuild_requested", "metrics_rebuilt"]
        assert {event["data"]["rebuild_id"] for event in events} == {asked["rebuild_id"]}

    await eventually(told)


async def test_before_the_first_one_there_is_none(metrics: Metrics) -> None:
    answer = await metrics.get("/rebuild", ADMIN)
    assert (answer.status_code, answer.json()["code"]) == (404, "REBUILD_NOT_FOUND")


@pytest.mark.parametrize(
    "caller",
    [VIEWER, DEVELOPER, ENROLMENT_KEY, FOREIGNER],
    ids=["viewer", "developer", "robot", "admin of another tenant"],
)
async def test_only_an_admin_of_the_installation_may_rebuild(metrics: Metrics, caller: Identity) -> None:
    headers = {HEADER: metrics.runtime.tokens.sign(caller)}
    assert (await metrics.http.post("/api/v1/metrics/rebuild", headers=headers)).status_code == 403
    assert (await metrics.get("/rebuild", caller)).status_code == 403
    assert (await metrics.get("/rebuild", None)).status_code == 401
